"""Histograms of random or real numbers: read a bin, find the fullest, count those above or below a bound."""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from onevision.formal import csv
from onevision.tasks import plotting, tables
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB
from onevision.tasks.plotting import Area, Axis, Plot
from onevision.tasks.real_tables import rows_of
from onevision.types import Description

WORDINGS = {
    "read": (
        "How many values lie between {a} and {b}?",
        "How high is the bar from {a} to {b}?",
        "How many are there from {a} to {b}?",
        "Read the bar between {a} and {b}.",
        "What is the count in the bin from {a} to {b}?",
    ),
    "most": (
        "At which value does the highest bar begin?",
        "Where does the fullest bin start?",
        "What is the lower end of the bin with the most values?",
        "From which value on does the tallest bar stand?",
        "What is the left edge of the highest bar?",
    ),
    "total": (
        "How many values are there in total?",
        "What do the counts of all bars add up to?",
        "How many values does the histogram show altogether?",
        "Add the heights of all bars.",
        "How large is the whole sample?",
    ),
    "from": (
        "How many values are {a} or more?",
        "How many values lie to the right of {a}?",
        "How many are at least {a}?",
        "Count all values from {a} upwards.",
        "How many values are not below {a}?",
    ),
    "below": (
        "How many values are below {a}?",
        "How many values lie to the left of {a}?",
        "How many are less than {a}?",
        "Count all values under {a}.",
        "How many values are smaller than {a}?",
    ),
    "bins": (
        "How many bars are higher than {n}?",
        "How many bins hold more than {n} values?",
        "Count the bars above {n}.",
        "In how many bins are there more than {n}?",
        "How many bars reach above {n}?",
    ),
}
"""Query -> how it is asked."""


@dataclass(frozen=True)
class HistogramConfig(Config):
    """bins: fewest and most; top: about the largest count; ticks: of the count axis, fewest and most; half: counts may lie
    halfway between ticks; real: how often the sample is a real one; queries: repeated to weigh."""

    bins: tuple[int, int] = (4, 7)
    top: int = 30
    ticks: tuple[int, int] = (4, 8)
    half: bool = False
    real: float = 0.4
    queries: tuple[str, ...] = ("read", "most", "total", "from", "below", "bins")


class Histogram(Task):
    """One histogram of adjoining bars; its Description lists each bin and its count."""

    name = "histogram"
    renderers = ("own",)
    parts = ("resvg_py", "vega_datasets")
    Config = HistogramConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "real": 0.0}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"bins": (3, 3), "top": 8, "ticks": (4, 9), "queries": ("read", "read", "most")},
            2: plain | {"bins": (3, 4), "top": 10, "queries": ("read", "read", "most")},
            3: {"bins": (3, 5), "top": 20, "variety": 1, "size": (224, 700), "real": 0.2},
            4: {},
            5: {"bins": (5, 9), "top": 90, "half": True, "queries": ("read", "total", "from", "below")},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: HistogramConfig) -> Item:
        asked = None
        while asked is None:
            bins, scale, about = _bins(rng, config)
            query = rng.choice(config.queries)
            asked = _ask(rng, bins, query, scale)
        question = rng.choice(WORDINGS[query]).format(**asked.fields)
        rows = (("from", "to", "count"), *((str(a), str(b), str(n)) for a, b, n in bins))
        description = Description("csv", csv.write(rows))
        self.claim(description, question)
        plot, spots = _plot(rng, config, bins, scale, about)
        drawn = plotting.draw(rng, plot, config.size, config.variety)
        probes = tuple(drawn.probe(*spot) for spot in spots)
        return Item(drawn.image, question, asked.answer, description, asked.steps, asked.ask, probes=probes)


Bin = tuple[int, int, int]
"""from, to, count"""


def _bins(rng: random.Random, config: HistogramConfig) -> tuple[list[Bin], tables.Scale, str]:
    """Bins, the scale of their counts (each a multiple of its grain), and what is counted."""
    count = rng.randint(*config.bins)
    if rng.random() < config.real:
        return _real_bins(rng, config, count)
    wide, scale = rng.choice((1, 2, 5, 10, 20)), tables.scale_for(rng, rng.randint(config.top // 2, config.top), config.ticks, config.half)
    first = wide * rng.randint(0, 5)
    counts = [scale.grain * rng.randint(1, scale.top // scale.grain) for _ in range(count)]
    about = rng.choice(("Minutes", "Age", "Points", "Length, cm", "Price, $"))
    return [(first + k * wide, first + (k + 1) * wide, n) for k, n in enumerate(counts)], scale, about


@cache
def _samples() -> dict[str, list[float]]:
    cars, iris, days = (rows_of(name) for name in ("cars.json", "iris.json", "seattle-weather.csv"))
    return {
        "Horsepower": [r["Horsepower"] for r in cars if r["Horsepower"]],
        "Miles per gallon": [r["Miles_per_Gallon"] for r in cars if r["Miles_per_Gallon"]],
        "Sepal length, mm": [10 * r["sepalLength"] for r in iris],
        "Petal length, mm": [10 * r["petalLength"] for r in iris],
        "Day's high, °C": [float(r["temp_max"]) for r in days],
    }


def _real_bins(rng: random.Random, config: HistogramConfig, count: int) -> tuple[list[Bin], tables.Scale, str]:
    """A part of a real sample in bins; counts are rounded to what the axis tells, and the last bin counts no more."""
    about, values = rng.choice(sorted(_samples().items()))
    some = rng.sample(values, min(len(values), rng.randint(2, 4) * config.top))
    low, high = min(some), max(some)
    wide = next(step for step in (1, 2, 5, 10, 20, 25, 50, 100) if (high - low) / step <= count)
    first = int(low // wide * wide)
    edges = [first + k * wide for k in range(int((high - first) // wide) + 1)]
    raw = [sum(a <= v < a + wide for v in some) for a in edges]
    scale = tables.scale_for(rng, max(raw), config.ticks, config.half)
    counts = [max(1, round(n / scale.grain)) * scale.grain for n in raw]
    return [(a, a + wide, n) for a, n in zip(edges, counts, strict=True)], scale, about


def _ask(rng: random.Random, bins: list[Bin], query: str, scale: tables.Scale) -> tables.Asked | None:
    a, b, n = rng.choice(bins)
    if query == "read":
        return tables.Asked({"a": a, "b": b}, str(n), {"query": query, "from": a}, f"{a} to {b}: {n}")
    if query == "most":
        best, walk = tables.best_so_far({str(low): height for low, _, height in bins})
        return tables.Asked({}, best, {"query": query}, f"{walk}\n{best}") if best else None
    if query == "bins":
        bound = rng.choice([*(height for _, _, height in bins), 0])
        count, walk = tables.counted({f"{low}:": (height, bound) for low, _, height in bins})
        return tables.Asked({"n": bound}, str(count), {"query": query, "n": bound}, f"{walk}\n{count}")
    chosen = {"total": bins, "from": [x for x in bins if x[0] >= a], "below": [x for x in bins if x[1] <= a]}[query]
    if len(chosen) < 2:
        return None
    heights = [height for _, _, height in chosen]
    listed = ", ".join(f"{low}: {height}" for low, _, height in chosen)
    ask = {"query": query} | ({} if query == "total" else {"bound": a})
    return tables.Asked({"a": a}, str(sum(heights)), ask, f"{listed}\n{tables.added(heights)}")


def _plot(rng: random.Random, config: HistogramConfig, bins: list[Bin], scale: tables.Scale,
          about: str) -> tuple[Plot, list[tuple[tuple[float, float], RGB]]]:  # fmt: skip
    colour = plotting.palette(rng, 1, config.variety)[0]
    edge = rng.choice(((255, 255, 255), (30, 30, 30)))
    areas = tuple(Area(((a, 0), (a, n), (b, n), (b, 0)), colour, edge) for a, b, n in bins)
    first, last, wide = bins[0][0], bins[-1][1], bins[0][1] - bins[0][0]
    room = 0.15 * wide
    edges = tuple((v, str(v)) for v in range(first, last + 1, wide))
    plot = Plot(
        Axis(first - room, last + room, edges, title=about),
        Axis(0, scale.top * 1.06, scale.ticks, title="Count" if rng.random() < 0.5 else "", grid=True),
        areas,
        aspect=(0.9 + 0.03 * len(bins), 1.2 + 0.06 * len(bins)),
    )
    return plot, [(((a + b) / 2, 0.5 * n), colour) for a, b, n in bins]
