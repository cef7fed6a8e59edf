"""Scatter plots, random or real: count points, in all, of a kind or beyond a line; read the outermost."""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from onevision.formal import figure
from onevision.formal.figure import Statement
from onevision.tasks import plotting, tables
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB
from onevision.tasks.plotting import Axis, Dots, Plot
from onevision.tasks.real_tables import rows_of
from onevision.tasks.words import labels
from onevision.types import Description

WORDINGS = {
    "count": (
        "How many points does {a} have?",
        "How many points belong to {a}?",
        "Count the points of {a}.",
        "What is the number of points in {a}?",
        "How many data points of {a} are plotted?",
    ),
    "all": (
        "How many points are there in all?",
        "How many points does the plot show?",
        "Count all points, of every colour.",
        "What is the total number of points?",
        "How many data points are there in total?",
    ),
    "right": (
        "How many points lie to the right of {n} on the horizontal axis?",
        "How many points have a horizontal value greater than {n}?",
        "Count the points whose x is more than {n}.",
        "For how many points is x larger than {n}?",
        "How many points are beyond {n} on the horizontal axis?",
    ),
    "above": (
        "How many points lie above {n} on the vertical axis?",
        "How many points have a vertical value greater than {n}?",
        "Count the points whose y is more than {n}.",
        "For how many points is y larger than {n}?",
        "How many points are higher than {n}?",
    ),
    "highest": (
        "What is the horizontal value of the highest point?",
        "At which x is the highest point?",
        "Where on the horizontal axis is the topmost point?",
        "Read x at the point with the largest y.",
        "Which x does the point at the very top have?",
    ),
    "rightmost": (
        "What is the vertical value of the rightmost point?",
        "At which y is the point farthest to the right?",
        "How high is the rightmost point?",
        "Read y at the point with the largest x.",
        "Which y does the point at the far right have?",
    ),
}
"""Query -> how it is asked."""


@dataclass(frozen=True)
class ScatterPlotConfig(Config):
    """points: fewest and most in all; kinds: fewest and most colours; ticks: of each axis, fewest and most; real: how often the
    points are real measurements; queries: repeated to weigh."""

    points: tuple[int, int] = (6, 12)
    kinds: tuple[int, int] = (1, 3)
    ticks: tuple[int, int] = (5, 9)
    real: float = 0.4
    queries: tuple[str, ...] = ("count", "all", "right", "above", "highest", "highest", "rightmost", "rightmost")


class ScatterPlot(Task):
    """Points on a grid, by kind; its Description lists every kind's points, from left to right."""

    name = "scatter_plot"
    renderers = ("own",)
    parts = ("resvg_py", "vega_datasets")
    Config = ScatterPlotConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "real": 0.0, "ticks": (4, 6)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"points": (1, 5), "kinds": (1, 1), "queries": ("all", "highest", "rightmost")},
            2: plain | {"points": (3, 8), "kinds": (1, 2), "queries": ("count", "all", "highest", "rightmost")},
            3: {"points": (4, 9), "kinds": (1, 2), "variety": 1, "size": (224, 700), "real": 0.2},
            4: {},
            5: {"points": (9, 20), "kinds": (2, 4)},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: ScatterPlotConfig) -> Item:
        asked = None
        while asked is None:
            cloud = _cloud(rng, config)
            query = rng.choice([q for q in config.queries if len(cloud.kinds) > 1 or q != "count"])
            asked = _ask(rng, cloud, query)
        question = rng.choice(WORDINGS[query]).format(**asked.fields)
        statements = tuple(Statement(name, ":", tuple(points)) for name, points in cloud.kinds.items())
        description = Description("figure", figure.write(statements))
        self.claim(description, question)
        plot, spots = _plot(rng, config, cloud)
        drawn = plotting.draw(rng, plot, config.size, config.variety)
        probes = tuple(drawn.probe(*spot) for spot in spots)
        return Item(drawn.image, question, asked.answer, description, asked.steps, {"query": query} | asked.ask, probes=probes)


Point = tuple[int, int]
ONE = "points"
"""The name of the only kind, which needs no legend."""


@dataclass(frozen=True)
class _Cloud:
    """Points by kind, all on the ticks of two scales; x, y: what the axes show."""

    kinds: dict[str, list[Point]]
    across: tables.Scale
    up: tables.Scale
    x: str = "x"
    y: str = "y"


def _cloud(rng: random.Random, config: ScatterPlotConfig) -> _Cloud:
    count, kinds = rng.randint(*config.points), rng.randint(*config.kinds)
    if rng.random() < config.real:
        return _real(rng, config, count, kinds)
    across, up = (tables.scale_for(rng, rng.choice((5, 8, 20, 50, 90)), config.ticks) for _ in range(2))
    places = [(x, y) for x in range(across.step, across.top + 1, across.step) for y in range(up.step, up.top + 1, up.step)]
    names = labels(rng, kinds, 6, without="Color")[1] if kinds > 1 else [ONE]
    return _Cloud(_dealt(rng, names, rng.sample(places, min(count, len(places) // 2))), across, up)


def _dealt(rng: random.Random, names: list[str], points: list[Point]) -> dict[str, list[Point]]:
    """Points among kinds, each kind getting one at least where there are enough."""
    dealt = [*names, *(rng.choice(names) for _ in points)][: len(points)]
    return {name: sorted(p for p, owner in zip(points, dealt, strict=True) if owner == name) for name in names if name in dealt}


@cache
def _measured() -> dict[str, tuple[str, str, list[tuple[str, float, float]]]]:
    """Set -> (x, y, [(kind, x, y)])."""
    cars = [r for r in rows_of("cars.json") if r["Horsepower"] and r["Miles_per_Gallon"]]
    iris = rows_of("iris.json")
    return {
        "cars": ("Horsepower", "Miles per gallon", [(r["Origin"], r["Horsepower"], r["Miles_per_Gallon"]) for r in cars]),
        "iris": ("Petal length, mm", "Sepal length, mm",
                 [(r["species"].capitalize(), 10 * r["petalLength"], 10 * r["sepalLength"]) for r in iris]),
    }  # fmt: skip


def _real(rng: random.Random, config: ScatterPlotConfig, count: int, kinds: int) -> _Cloud:
    """Real points moved to the nearest crossing of ticks, where there is none yet."""
    x_name, y_name, rows = _measured()[rng.choice(("cars", "iris"))]
    chosen = rng.sample(sorted({kind for kind, _, _ in rows}), min(kinds, 3))
    some = rng.sample([row for row in rows if row[0] in chosen], count)
    across, up = (tables.scale_for(rng, max(float(row[k]) for row in some), (5, 12)) for k in (1, 2))
    taken: dict[Point, str] = {}
    for kind, x, y in some:
        taken.setdefault((max(1, round(x / across.step)) * across.step, max(1, round(y / up.step)) * up.step), kind)
    found = {kind: sorted(p for p, owner in taken.items() if owner == kind) for kind in chosen}
    found = {kind if kinds > 1 else ONE: points for kind, points in found.items() if points}
    return _Cloud(found, across, up, x_name, y_name)


def _ask(rng: random.Random, cloud: _Cloud, query: str) -> tables.Asked | None:
    if query in ("count", "all"):
        return _counted(rng, cloud, query)
    points = sorted(point for found in cloud.kinds.values() for point in found)
    k = 0 if query in ("right", "rightmost") else 1
    if query in ("right", "above"):
        n = rng.choice([*(p[k] for p in points), 0])
        count, walk = tables.counted({f"({x},{y})": ((x, y)[k], n) for x, y in points})
        return tables.Asked({"n": n}, str(count), {"n": n}, f"{walk}\n{count}")
    best, walk = tables.best_so_far({f"({x},{y})": (x, y)[k] for x, y in points})
    if best is None:
        return None
    x, y = max(points, key=lambda p: p[k])
    return tables.Asked({}, str((y, x)[k]), {}, f"{walk}\n{'y' if k == 0 else 'x'}: {(y, x)[k]}")


def _counted(rng: random.Random, cloud: _Cloud, query: str) -> tables.Asked:
    numbers = {name: len(points) for name, points in cloud.kinds.items()}
    walks = {name: " ".join(str(k + 1) for k in range(n)) for name, n in numbers.items()}
    if query == "all":
        listed = "\n".join(f"{name}: {walk}" for name, walk in walks.items())
        total = tables.added(list(numbers.values()))
        return tables.Asked({}, str(sum(numbers.values())), {}, "\n".join(filter(None, (listed, total))))
    a = rng.choice(list(numbers))
    return tables.Asked({"a": a}, str(numbers[a]), {"a": a}, f"{a}: {walks[a]}")


def _plot(rng: random.Random, config: ScatterPlotConfig, cloud: _Cloud) -> tuple[Plot, list[tuple[tuple[float, float], RGB]]]:
    colours = plotting.palette(rng, len(cloud.kinds), config.variety)
    markers = rng.sample("os^D", len(cloud.kinds)) if config.variety and rng.random() < 0.5 else ["o"] * len(cloud.kinds)
    size = rng.uniform(0.55, 0.85)
    drawn = list(zip(cloud.kinds.items(), colours, markers, strict=True))
    plot = Plot(
        Axis(0, cloud.across.top * 1.05, cloud.across.ticks, cloud.x if rng.random() < 0.7 or cloud.x != "x" else "", grid=True),
        Axis(0, cloud.up.top * 1.05, cloud.up.ticks, cloud.y if rng.random() < 0.7 or cloud.y != "y" else "", grid=True),
        tuple(Dots(tuple(points), colour, marker, size) for (_, points), colour, marker in drawn),
        legend=tuple((name, colour, marker) for (name, _), colour, marker in drawn if name != ONE),
        aspect=(0.9, 1.5),
    )
    return plot, [(point, colour) for (_, points), colour, _ in drawn for point in points]
