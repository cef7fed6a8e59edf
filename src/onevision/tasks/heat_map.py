"""Heat maps: cells whose colours, or numbers on them, tell the values of a table."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.tasks import plotting, tables
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB
from onevision.tasks.plotting import Area, Axis, Note, Plot
from onevision.types import Description

WORDINGS = {
    "read": (
        "What is the value at row {row}, column {column}?",
        "Which value does the cell of {row} and {column} have?",
        "Read the cell in row {row} under {column}.",
        "What does the map show for {row} and {column}?",
        "How much is {column} for {row}?",
    ),
    "most": (
        "Which row has the largest value in column {column}?",
        "In column {column}, where is the highest value?",
        "Name the row with the greatest value of {column}.",
        "Which row is at its highest under {column}?",
        "Whose {column} is the largest?",
    ),
    "best": (
        "Which column has the largest value in row {row}?",
        "In row {row}, where is the highest value?",
        "Name the column with the greatest value in row {row}.",
        "For {row}, which column is the highest?",
        "Under which column is the largest value of {row}?",
    ),
    "total": (
        "What is the sum of row {row}?",
        "Add all values in row {row}.",
        "How much does row {row} add up to?",
        "What is the total of the row {row}?",
        "What do all cells of {row} make together?",
    ),
    "difference": (
        "In column {column}, how much larger is {a} than {b}?",
        "What is the difference between {a} and {b} in column {column}?",
        "Under {column}, subtract the value of {b} from that of {a}.",
        "By how much does {a} exceed {b} in column {column}?",
        "How much more {column} has {a} than {b}?",
    ),
    "above": (
        "How many values in column {column} are above {n}?",
        "In column {column}, how many cells show more than {n}?",
        "How many rows have more than {n} under {column}?",
        "Count the cells of column {column} with a value greater than {n}.",
        "How often is {column} larger than {n}?",
    ),
    "over": (
        "In how many rows is {a} larger than {b}?",
        "How many rows have a greater value under {a} than under {b}?",
        "Count the rows in which column {a} exceeds column {b}.",
        "For how many rows is the value of {a} above that of {b}?",
        "In how many rows does {a} beat {b}?",
    ),
}
"""Query -> how it is asked."""

MAPS: tuple[tuple[RGB, ...], ...] = (
    ((247, 251, 255), (8, 48, 107)),
    ((255, 245, 235), (253, 141, 60), (127, 39, 4)),
    ((68, 1, 84), (33, 145, 140), (253, 231, 37)),
    ((0, 0, 4), (183, 55, 121), (252, 253, 191)),
    ((247, 252, 245), (0, 68, 27)),
    ((59, 76, 192), (221, 221, 221), (180, 4, 38)),
    ((255, 255, 255), (30, 30, 30)),
)
"""Colours from the smallest value to the largest: Blues, Oranges, viridis, magma, Greens, coolwarm, Greys."""


@dataclass(frozen=True)
class HeatMapConfig(Config):
    """rows, columns: fewest and most; levels: how many different values there are; step: between two of them; printed:
    how often numbers stand in the cells (otherwise a legend tells each colour's value); queries: repeated to weigh."""

    rows: tuple[int, int] = (3, 5)
    columns: tuple[int, int] = (3, 5)
    levels: tuple[int, int] = (4, 5)
    step: tuple[int, ...] = (1, 2, 5, 10)
    printed: float = 0.4
    queries: tuple[str, ...] = ("read", "most", "best", "total", "difference", "above", "over")


class HeatMap(Task):
    """One heat map; its Description is the table of its values."""

    name = "heat_map"
    renderers = ("own",)
    parts = ("resvg_py",)
    Config = HeatMapConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "printed": 1.0}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"rows": (2, 2), "columns": (2, 2), "levels": (9, 9), "step": (1,), "queries": ("read", "most", "best")},
            2: plain | {"rows": (2, 3), "columns": (2, 3), "levels": (4, 4), "printed": 0.7, "queries": ("read", "best", "total")},
            3: {"rows": (3, 4), "columns": (2, 4), "variety": 1, "size": (224, 700)},
            4: {},
            5: {"rows": (4, 7), "columns": (4, 6), "levels": (5, 6), "step": (3, 5, 15, 25), "printed": 0.2,
                "queries": ("read", "total", "total", "difference", "above", "over")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: HeatMapConfig) -> Item:
        asked = None
        while asked is None:
            table = _table(rng, config)
            query = rng.choice(config.queries)
            asked = tables.ask(rng, table, query)
        question = rng.choice(WORDINGS[query]).format(**asked.fields)
        description = Description("csv", table.csv())
        self.claim(description, question)
        plot, spots = _plot(rng, config, table)
        drawn = plotting.draw(rng, plot, config.size, config.variety)
        probes = tuple(drawn.probe(*spot) for spot in spots)
        return Item(drawn.image, question, asked.answer, description, asked.steps, asked.ask, probes=probes)


def _table(rng: random.Random, config: HeatMapConfig) -> tables.Table:
    step, levels = rng.choice(config.step), rng.randint(*config.levels)
    scale = tables.Scale(step * levels, step, step)
    rows, columns = rng.randint(*config.rows), rng.randint(*config.columns)
    named = tables.random_table(rng, rows, min(columns, levels), scale)
    cells = tuple(tuple(step * rng.randint(1, levels) for _ in named.columns) for _ in named.rows)
    return tables.Table(named.title, named.corner, named.rows, named.columns, cells, scale)


def _shade(colours: tuple[RGB, ...], share: float) -> RGB:
    """The colour at a share of the way through a map."""
    place = share * (len(colours) - 1)
    k = min(int(place), len(colours) - 2)
    red, green, blue = (round(a + (b - a) * (place - k)) for a, b in zip(colours[k], colours[k + 1], strict=True))
    return red, green, blue


def _plot(rng: random.Random, config: HeatMapConfig, table: tables.Table) -> tuple[Plot, list[tuple[tuple[float, float], RGB]]]:
    rows, columns, scale = len(table.rows), len(table.columns), table.scale
    colours = MAPS[0] if config.variety == 0 else rng.choice(MAPS)
    colours = colours[::-1] if config.variety and rng.random() < 0.2 else colours
    shades = {v: _shade(colours, (v - scale.step) / (scale.top - scale.step)) for v in range(scale.step, scale.top + 1, scale.step)}
    printed, gap = rng.random() < config.printed, rng.choice((0.0, 0.0, 0.03)) if config.variety else 0.0
    marks: list[Area | Note] = []
    spots = []
    for r, row in enumerate(table.cells):
        for c, value in enumerate(row):
            left, right, low, high = c + gap, c + 1 - gap, rows - r - 1 + gap, rows - r - gap
            marks.append(Area(((left, low), (left, high), (right, high), (right, low)), shades[value]))
            spots.append(((c + 0.12, rows - r - 0.12), shades[value]))
            if printed:
                light = sum(shades[value]) < 400
                marks.append(Note((c + 0.5, rows - r - 0.5), str(value), colour=(255, 255, 255) if light else (0, 0, 0), size=1.0))
    legend = () if printed else tuple((str(value), shade, "") for value, shade in reversed(shades.items()))
    plot = Plot(
        Axis(0, columns, tuple((c + 0.5, name) for c, name in enumerate(table.columns))),
        Axis(0, rows, tuple((rows - r - 0.5, name) for r, name in enumerate(table.rows))),
        tuple(marks),
        title=table.title if rng.random() < 0.4 else "",
        legend=legend,
        aspect=(0.75 + 0.08 * columns, 1.1 + 0.08 * columns),
    )
    return plot, spots
