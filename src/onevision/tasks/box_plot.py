"""Box plots, random or real: read a quartile, a median or a whisker, work out ranges, compare groups."""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from onevision.formal import csv
from onevision.tasks import plotting, tables
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB
from onevision.tasks.plotting import Area, Axis, Line, Mark, Plot
from onevision.tasks.real_tables import rows_of
from onevision.tasks.words import labels
from onevision.types import Description

NUMBERS = ("min", "q1", "median", "q3", "max")
SAID = {"min": "minimum", "q1": "lower quartile", "median": "median", "q3": "upper quartile", "max": "maximum"}
WORDINGS = {
    "read": (
        "What is the {number} of {a}?",
        "Read the {number} of {a}.",
        "Which value is the {number} of {a}?",
        "What does the plot show as the {number} of {a}?",
        "At which value is the {number} of {a}?",
    ),
    "range": (
        "What is the range of {a}, from minimum to maximum?",
        "How far is the maximum of {a} from its minimum?",
        "What is the distance between the whiskers' ends of {a}?",
        "Subtract the minimum of {a} from its maximum.",
        "How large is the range of {a}?",
    ),
    "iqr": (
        "What is the interquartile range of {a}?",
        "How long is the box of {a}?",
        "Subtract the lower quartile of {a} from its upper one.",
        "What is the distance between the quartiles of {a}?",
        "How far is it from the lower to the upper quartile of {a}?",
    ),
    "best": (
        "Which group has the highest {number}?",
        "Whose {number} is the largest?",
        "Which box plot has the greatest {number}?",
        "Name the group with the highest {number}.",
        "Where is the {number} largest?",
    ),
    "difference": (
        "How much higher is the {number} of {a} than that of {b}?",
        "By how much does the {number} of {a} exceed that of {b}?",
        "What is the difference between the {number} of {a} and that of {b}?",
        "Subtract the {number} of {b} from that of {a}.",
        "How far above the {number} of {b} is the {number} of {a}?",
    ),
    "above": (
        "How many groups have a {number} above {n}?",
        "In how many groups is the {number} greater than {n}?",
        "Count the groups whose {number} is more than {n}.",
        "For how many groups does the {number} exceed {n}?",
        "How many box plots show a {number} larger than {n}?",
    ),
    "widest": (
        "Which group has the longest box?",
        "Whose interquartile range is the largest?",
        "Which box is the longest?",
        "Name the group whose quartiles are farthest apart.",
        "Where is the distance between the quartiles greatest?",
    ),
}
"""Query -> how it is asked."""


@dataclass(frozen=True)
class BoxPlotConfig(Config):
    """groups: fewest and most; ticks: of the value axis, fewest and most; half: values may lie halfway between ticks; real: how
    often the groups are real ones; queries: repeated to weigh."""

    groups: tuple[int, int] = (2, 4)
    ticks: tuple[int, int] = (7, 11)
    half: bool = False
    real: float = 0.4
    queries: tuple[str, ...] = ("read", "range", "iqr", "best", "difference", "above", "widest")


class BoxPlot(Task):
    """Box plots side by side; its Description gives each group's five numbers."""

    name = "box_plot"
    renderers = ("own",)
    parts = ("resvg_py", "vega_datasets")
    Config = BoxPlotConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "real": 0.0}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"groups": (1, 2), "queries": ("read",)},
            2: plain | {"groups": (2, 3), "queries": ("read", "best", "range")},
            3: {"groups": (2, 3), "variety": 1, "size": (224, 700), "real": 0.2, "queries": ("read", "range", "iqr", "best", "above")},
            4: {},
            5: {"groups": (3, 6), "half": True, "queries": ("range", "iqr", "difference", "above", "widest", "widest")},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: BoxPlotConfig) -> Item:
        asked = None
        while asked is None:
            boxes = _boxes(rng, config)
            query = rng.choice(config.queries)
            asked = _ask(rng, boxes, query)
        question = rng.choice(WORDINGS[query]).format(**{k: SAID.get(v, v) if k == "number" else v for k, v in asked.fields.items()})
        rows = (("group", *NUMBERS), *((name, *map(str, five)) for name, five in boxes.groups.items()))
        description = Description("csv", csv.write(rows))
        self.claim(description, question)
        plot, spots = _plot(rng, config, boxes)
        drawn = plotting.draw(rng, plot, config.size, config.variety)
        probes = tuple(drawn.probe(*spot) for spot in spots)
        return Item(drawn.image, question, asked.answer, description, asked.steps, {"query": query} | asked.fields, probes=probes)


Five = tuple[int, ...]
"""min, q1, median, q3, max: five different numbers in order."""


@dataclass(frozen=True)
class _Boxes:
    groups: dict[str, Five]
    scale: tables.Scale
    about: str


def _boxes(rng: random.Random, config: BoxPlotConfig) -> _Boxes:
    count = rng.randint(*config.groups)
    found = _real(rng, config, count) if rng.random() < config.real else None
    if found:
        return found
    scale = tables.scale_for(rng, rng.choice((10, 18, 20, 40, 50, 100, 200)), config.ticks, config.half)
    places = range(1, scale.top // scale.grain + 1)
    _, names = labels(rng, count, 6, without="Color")
    fives = {name: tuple(scale.grain * k for k in sorted(rng.sample(places, 5))) for name in names}
    return _Boxes(fives, scale, rng.choice(("Points", "Minutes", "Height, cm", "Price, $", "")))


@cache
def _measured() -> dict[str, dict[str, list[float]]]:
    """What is measured -> group -> values."""
    cars, iris, barley = (rows_of(f"{name}.json") for name in ("cars", "iris", "barley"))
    found: dict[str, dict[str, list[float]]] = {}
    for row in cars:
        found.setdefault("Horsepower", {}).setdefault(row["Origin"], []).extend([row["Horsepower"]] * bool(row["Horsepower"]))
    for row in iris:
        found.setdefault("Sepal length, mm", {}).setdefault(row["species"].capitalize(), []).append(10 * row["sepalLength"])
    for row in barley:
        found.setdefault("Barley, bushels an acre", {}).setdefault(row["site"].split()[0], []).append(row["yield"])
    return found


def _real(rng: random.Random, config: BoxPlotConfig, count: int) -> _Boxes | None:
    """Real groups, their five numbers rounded to what the axis tells; None where two of a group's become equal."""
    about, groups = rng.choice(sorted(_measured().items()))
    chosen = rng.sample(sorted(groups), min(count, len(groups)))
    scale = tables.scale_for(rng, max(max(groups[name]) for name in chosen), config.ticks, half=True)
    fives = {}
    for name in chosen:
        values = sorted(groups[name])
        raw = [values[round(share * (len(values) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)]
        fives[name] = tuple(round(v / scale.grain) * scale.grain for v in raw)
    if any(len(set(five)) < 5 for five in fives.values()):
        return None
    return _Boxes(fives, scale, about)


def _ask(rng: random.Random, boxes: _Boxes, query: str) -> tables.Asked | None:
    a, *_ = names = rng.sample(list(boxes.groups), len(boxes.groups))
    number = rng.choice(NUMBERS)
    five, place = boxes.groups[a], NUMBERS.index(number)
    column = {name: values[place] for name, values in boxes.groups.items()}
    if query == "read":
        return tables.Asked({"a": a, "number": number}, str(five[place]), {}, f"{a}, {number}: {five[place]}")
    if query in ("range", "iqr"):
        low, high = ("min", "max") if query == "range" else ("q1", "q3")
        x, y = five[NUMBERS.index(low)], five[NUMBERS.index(high)]
        return tables.Asked({"a": a}, str(y - x), {}, f"{a}, {low}: {x}\n{a}, {high}: {y}\n{y}-{x}={y - x}")
    if query == "above":
        n = rng.choice([*column.values(), max(0, min(column.values()) - boxes.scale.step)])
        count, walk = tables.counted({name: (value, n) for name, value in column.items()})
        return tables.Asked({"number": number, "n": n}, str(count), {}, f"{number}:\n{walk}\n{count}")
    return _compared(boxes, query, number, column, names)


def _compared(boxes: _Boxes, query: str, number: str, column: dict[str, int], names: list[str]) -> tables.Asked | None:
    if len(names) < 2:
        return None
    if query == "difference":
        a, b = sorted(names[:2], key=column.__getitem__, reverse=True)
        x, y = column[a], column[b]
        steps = f"{a}, {number}: {x}\n{b}, {number}: {y}\n{x}-{y}={x - y}"
        return tables.Asked({"a": a, "b": b, "number": number}, str(x - y), {}, steps) if x > y else None
    lengths = {name: q3 - q1 for name, (_, q1, _, q3, _) in boxes.groups.items()}
    taken = "\n".join(f"{name}: {q3}-{q1}={q3 - q1}" for name, (_, q1, _, q3, _) in boxes.groups.items())
    best, walk = tables.best_so_far(column if query == "best" else lengths)
    start = number if query == "best" else taken
    fields = {"number": number} if query == "best" else {}
    return tables.Asked(fields, best, {}, f"{start}\n{walk}\n{best}") if best else None


def _plot(rng: random.Random, config: BoxPlotConfig, boxes: _Boxes) -> tuple[Plot, list[tuple[tuple[float, float], RGB]]]:
    count, sideways = len(boxes.groups), bool(config.variety) and rng.random() < 0.3
    colours = plotting.palette(rng, min(count, 6), config.variety)
    colours = colours if rng.random() < 0.5 else colours[:1] * count
    half, ink = rng.uniform(0.15, 0.32), (25, 25, 25)

    def at(along: float, value: float) -> tuple[float, float]:
        return (value, count - along) if sideways else (along, value)

    def corners(middle: float, low: int, high: int) -> tuple[tuple[float, float], ...]:
        return tuple(at(middle + side * half, value) for side, value in ((-1, low), (-1, high), (1, high), (1, low)))

    marks: list[Mark] = []
    for k, (five, colour) in enumerate(zip(boxes.groups.values(), colours, strict=True)):
        low, q1, median, q3, high = five
        x, cap = k + 0.5, half / 2
        marks += [Line((at(x, low), at(x, q1)), colour), Line((at(x, q3), at(x, high)), colour)]
        marks += [Line((at(x - cap, v), at(x + cap, v)), colour) for v in (low, high)]
        marks += [Area(corners(x, q1, q3), colour), Line((at(x - half, median), at(x + half, median)), ink, width=1.4)]
    values = Axis(0, boxes.scale.top * 1.04, boxes.scale.ticks, grid=True)
    named = Axis(0, count, tuple((at(k + 0.5, 0)[sideways], name) for k, name in enumerate(boxes.groups)))
    axes = (values, named) if sideways else (named, values)
    plot = Plot(*axes, tuple(marks), title=boxes.about, aspect=(0.9, 1.4))
    # In the longer part of each box, and on its median.
    spots = [(at(k + 0.5, (median + (q1 if median - q1 > q3 - median else q3)) / 2), colour)
             for k, ((_, q1, median, q3, _), colour) in enumerate(zip(boxes.groups.values(), colours, strict=True))]  # fmt: skip
    return plot, spots
