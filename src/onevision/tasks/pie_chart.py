"""Pie and ring charts: read a share, compare shares, add them, find the missing one or what it is of a whole."""

import math
import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks import plotting, tables
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY
from onevision.tasks.plotting import Area, Axis, Note, Plot
from onevision.tasks.words import THEMES, labels
from onevision.types import Description

WORDINGS = {
    "read": (
        "What percentage does {a} have?",
        "How many percent is {a}?",
        "What is the share of {a} in percent?",
        "Read the percentage of {a}.",
        "How large is the part of {a}, in percent?",
    ),
    "most": (
        "Which part is the largest?",
        "What has the largest share?",
        "Which slice is the biggest?",
        "Name the largest slice.",
        "Which part makes up most of the chart?",
    ),
    "least": (
        "Which part is the smallest?",
        "What has the smallest share?",
        "Which slice is the thinnest?",
        "Name the smallest slice.",
        "Which part makes up the least of the chart?",
    ),
    "sum": (
        "How many percent do {a} and {b} have together?",
        "What is the share of {a} and {b} together, in percent?",
        "Add the percentages of {a} and {b}.",
        "What percentage is either {a} or {b}?",
        "How large are {a} and {b} combined, in percent?",
    ),
    "difference": (
        "By how many percentage points is {a} larger than {b}?",
        "How many percentage points more than {b} has {a}?",
        "What is the difference between the percentages of {a} and {b}?",
        "Subtract the percentage of {b} from that of {a}.",
        "By how many points does {a} exceed {b}?",
    ),
    "above": (
        "How many parts have more than {n} percent?",
        "How many slices are larger than {n}%?",
        "Count the parts above {n}%.",
        "How many shares are greater than {n} percent?",
        "How many of the parts make up more than {n}%?",
    ),
    "missing": (
        "Which percentage belongs at the question mark?",
        "How many percent are missing?",
        "What number should replace the question mark?",
        "Find the percentage marked ?.",
        "What is the share of the part marked with ??",
    ),
    "of": (
        "The whole is {n}. How much of it is {a}?",
        "If there are {n} in all, how many belong to {a}?",
        "The chart shows {n} votes. How many of them are for {a}?",
        "There are {n} people. How many chose {a}?",
        "Out of {n}, how many are {a}?",
    ),
}
"""Query -> how it is asked."""


@dataclass(frozen=True)
class PieChartConfig(Config):
    """slices: fewest and most; step: what all percentages are multiples of; legend: how often names stand in a legend
    and not at the slices; ring: how often the middle is left out; queries: repeated to weigh."""

    slices: tuple[int, int] = (3, 6)
    step: tuple[int, ...] = (1, 2, 5)
    legend: float = 0.5
    ring: float = 0.3
    queries: tuple[str, ...] = ("read", "most", "least", "sum", "difference", "above", "missing", "of")


class PieChart(Task):
    """One pie or ring chart with its percentages; its Description lists them, the missing one as ?."""

    name = "pie_chart"
    renderers = ("own",)
    parts = ("resvg_py",)
    Config = PieChartConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "ring": 0.0, "step": (10,)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"slices": (2, 3), "legend": 0.0, "queries": ("read", "read", "most", "least")},
            2: plain | {"slices": (3, 4), "legend": 0.3, "queries": ("read", "most", "sum", "difference")},
            3: {"slices": (3, 5), "step": (5, 10), "variety": 1, "size": (224, 700),
                "queries": ("read", "most", "least", "sum", "difference", "missing")},
            4: {},
            5: {"slices": (4, 6), "step": (1, 1, 2), "queries": ("sum", "sum", "difference", "missing", "missing", "of", "of")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: PieChartConfig) -> Item:
        asked = None
        while asked is None:
            theme, shares = _shares(rng, config)
            query = rng.choice(config.queries)
            asked = _ask(rng, shares, query)
        question = rng.choice(WORDINGS[query]).format(**asked.fields)
        shown = {name: "?" if name == asked.ask.get("missing") else str(share) for name, share in shares.items()}
        description = Description("csv", csv.write((("part", "percent"), *shown.items())))
        self.claim(description, question)
        plot, spots = _plot(rng, config, theme, shares, shown)
        drawn = plotting.draw(rng, plot, config.size, config.variety)
        probes = tuple(drawn.probe(*spot) for spot in spots)
        ask = {"query": query} | {key: value for key, value in asked.ask.items() if key != "missing"}
        return Item(drawn.image, question, asked.answer, description, asked.steps, ask, probes=probes)


def _shares(rng: random.Random, config: PieChartConfig) -> tuple[str, dict[str, int]]:
    """A theme and the percentages of its parts, none below 4, together 100."""
    count, step = rng.randint(*config.slices), rng.choice(config.step)
    theme, names = labels(rng, count, 6)
    while names[0] in THEMES["Color"]:
        theme, names = labels(rng, count, 6)
    least = -(-4 // step)
    cuts = sorted(rng.sample(range(1, 100 // step - (least - 1) * count), count - 1))
    gaps = [b - a for a, b in zip([0, *cuts], [*cuts, 100 // step - (least - 1) * count], strict=True)]
    return theme, {name: step * (gap + least - 1) for name, gap in zip(names, gaps, strict=True)}


def _ask(rng: random.Random, shares: dict[str, int], query: str) -> tables.Asked | None:
    a, b = rng.sample(list(shares), 2)
    if query in ("most", "least"):
        best, walk = tables.best_so_far(shares, query == "least")
        # A person must see which of two slices is larger.
        near = sorted(shares.values(), reverse=query == "most")
        return tables.Asked({}, best, {}, f"{walk}\n{best}") if best and abs(near[0] - near[1]) > 1 else None
    if query == "above":
        n = rng.choice([*shares.values(), min(shares.values()) - 1])
        count, walk = tables.counted({name: (share, n) for name, share in shares.items()})
        return tables.Asked({"n": n}, str(count), {"n": n}, f"{walk}\n{count}")
    if query == "missing":
        rest = [share for name, share in shares.items() if name != a]
        work = tables.added(rest) + "\n" if len(rest) > 1 else ""
        return tables.Asked({}, str(shares[a]), {"missing": a}, f"{work}100-{sum(rest)}={shares[a]}")
    return _calculated(rng, shares, query, a, b)


def _calculated(rng: random.Random, shares: dict[str, int], query: str, a: str, b: str) -> tables.Asked | None:
    x, y = shares[a], shares[b]
    if query == "read":
        return tables.Asked({"a": a}, str(x), {"a": a}, f"{a}: {x}")
    if query == "of":
        n = rng.choice((20, 50, 200, 300, 400, 500, 600, 800))
        if n * x % 100:
            return None
        return tables.Asked({"a": a, "n": n}, str(n * x // 100), {"a": a, "n": n}, f"{a}: {x}\n{x}*{n}={x * n}\n{x * n}/100={x * n // 100}")
    if query == "difference" and x <= y:
        return None
    work = f"{x}+{y}={x + y}" if query == "sum" else f"{x}-{y}={x - y}"
    answer = x + y if query == "sum" else x - y
    return tables.Asked({"a": a, "b": b}, str(answer), {"a": a, "b": b}, f"{a}: {x}\n{b}: {y}\n{work}")


def _plot(rng: random.Random, config: PieChartConfig, theme: str, shares: dict[str, int],
          shown: dict[str, str]) -> tuple[Plot, list[tuple[XY, RGB]]]:  # fmt: skip
    colours = plotting.palette(rng, len(shares), config.variety)
    # Names beside thin slices would touch each other.
    keyed = rng.random() < config.legend or (len(shares) > 4 and min(shares.values()) < 7)
    hole = rng.uniform(0.35, 0.55) if rng.random() < config.ring else 0.0
    start, sense = (rng.random(), rng.choice((1, -1))) if config.variety else (0.0, 1)
    edge = rng.choice(((255, 255, 255), None, (30, 30, 30))) if config.variety else (255, 255, 255)
    marks: list[Area | Note] = []
    spots = []
    for (name, share), colour in zip(shares.items(), colours, strict=True):
        end = start + sense * share / 100
        middle, far = (start + end) / 2, (hole + 1) / 2 if hole else 0.66
        marks.append(Area(_slice(start, end, hole), colour, edge))
        percent = f"{shown[name]}%" if shown[name] != "?" else "?"
        # Outside there is room for any text; inside only where the slice is wide.
        inside = keyed and share >= 9
        text = percent if keyed else f"{name} {percent}"
        at = _turned(middle, far if inside else 1.08)
        aside = "m" if inside or abs(at[0]) < 0.2 else "l" if at[0] > 0 else "r"
        upright = "m" if aside != "m" or inside else "b" if at[1] > 0 else "t"
        light = (0, 0, 0) if sum(colour) > 480 else (255, 255, 255)
        marks.append(Note(at, text, aside + upright, light if inside else None))
        spots.append((_turned(middle, hole + 0.08 if hole else 0.4), colour))
        start = end
    reach = 1.25 if keyed else 1.6
    legend = tuple((name, colour, "") for name, colour in zip(shares, colours, strict=True)) if keyed else ()
    title = theme if rng.random() < 0.4 else ""
    return Plot(
        Axis(-reach, reach), Axis(-reach, reach), tuple(marks), title, legend, axes=False, aspect=(1.05, 1.5) if keyed else (1.35, 1.7)
    ), spots


def _turned(turn: float, far: float) -> XY:
    """The point at a turn (clockwise, 0 is up) and distance from the middle."""
    return far * math.sin(2 * math.pi * turn), far * math.cos(2 * math.pi * turn)


def _slice(start: float, end: float, hole: float) -> tuple[XY, ...]:
    count = max(2, int(abs(end - start) * 90))
    arc = [start + (end - start) * k / count for k in range(count + 1)]
    outer = tuple(_turned(turn, 1.0) for turn in arc)
    return (*outer, *(_turned(turn, hole) for turn in reversed(arc))) if hole else (*outer, (0.0, 0.0))
