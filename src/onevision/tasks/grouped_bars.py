"""Bars in groups, side by side or stacked: read one, add a group up, compare groups, count."""

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
        "What is the value of {column} for {row}?",
        "How much is {column} at {row}?",
        "Read the bar of {column} at {row}.",
        "Which value does {column} have at {row}?",
        "How large is the {column} part at {row}?",
    ),
    "most": (
        "Where is {column} largest?",
        "At which label does {column} have its largest value?",
        "Under which label is the largest bar of {column}?",
        "Name the label with the most {column}.",
        "Which label has the greatest value of {column}?",
    ),
    "best": (
        "What is largest at {row}?",
        "Which entry of the legend has the largest value at {row}?",
        "Of the bars at {row}, which is the largest?",
        "Name the series with the highest value at {row}.",
        "Whose value is the greatest at {row}?",
    ),
    "total": (
        "How much is there at {row} in total?",
        "What do all the bars at {row} add up to?",
        "What is the total at {row}?",
        "Add all values at {row}.",
        "What is the sum of all series at {row}?",
    ),
    "sum": (
        "How much {column} is there at {a} and {b} together?",
        "What is the sum of {column} at {a} and at {b}?",
        "Add the values of {column} at {a} and {b}.",
        "How much do {a} and {b} make together for {column}?",
        "What is the total of {column} over {a} and {b}?",
    ),
    "difference": (
        "How much larger is {column} at {a} than at {b}?",
        "What is the difference of {column} between {a} and {b}?",
        "Subtract {column} at {b} from {column} at {a}.",
        "By how much does {column} at {a} exceed {column} at {b}?",
        "How much more {column} is there at {a} than at {b}?",
    ),
    "over": (
        "At how many labels is {a} larger than {b}?",
        "How often is the value of {a} greater than that of {b}?",
        "Count the labels with more {a} than {b}.",
        "For how many labels does {a} exceed {b}?",
        "At how many labels is there more {a} than {b}?",
    ),
    "above": (
        "At how many labels is {column} greater than {n}?",
        "How many values of {column} are above {n}?",
        "How often is {column} more than {n}?",
        "Count the labels where {column} is larger than {n}.",
        "For how many labels does {column} exceed {n}?",
    ),
}
"""Query -> how it is asked."""


@dataclass(frozen=True)
class GroupedBarsConfig(Config):
    """groups, series: fewest and most; top: about the largest value; ticks: of the value axis, fewest and most; half:
    values may lie halfway between ticks; stacked: how often bars stand on each other; printed: how often values stand at
    the bars; sideways: how often bars lie; real: how often the table is a real one; queries: repeated to weigh."""

    groups: tuple[int, int] = (3, 5)
    series: tuple[int, int] = (2, 3)
    top: int = 50
    ticks: tuple[int, int] = (4, 8)
    half: bool = False
    stacked: float = 0.4
    printed: float = 0.3
    sideways: float = 0.25
    real: float = 0.4
    queries: tuple[str, ...] = ("read", "most", "best", "total", "difference", "over", "above")


class GroupedBars(Task):
    """One chart of grouped or stacked bars; its Description is the table of their values."""

    name = "grouped_bars"
    renderers = ("own",)
    parts = ("resvg_py", "vega_datasets")
    Config = GroupedBarsConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "real": 0.0, "stacked": 0.0, "sideways": 0.0, "series": (2, 2)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"groups": (2, 2), "top": 8, "printed": 1.0, "queries": ("read", "read", "best", "most")},
            2: plain | {"groups": (2, 3), "top": 16, "printed": 0.6, "queries": ("read", "best", "sum", "difference")},
            3: {"groups": (2, 4), "printed": 0.5, "stacked": 0.2, "variety": 1, "size": (224, 700), "real": 0.2},
            4: {},
            5: {"groups": (3, 6), "series": (2, 4), "top": 120, "half": True, "stacked": 0.5, "printed": 0.1},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: GroupedBarsConfig) -> Item:
        asked = None
        while asked is None:
            groups, series = rng.randint(*config.groups), rng.randint(*config.series)
            table = tables.table_for(rng, groups, series, config.top, config.ticks, config.half, config.real)
            query = rng.choice(config.queries)
            asked = tables.ask(rng, table, query)
        question = rng.choice(WORDINGS[query]).format(**asked.fields)
        description = Description("csv", table.csv())
        self.claim(description, question)
        bars = _Bars(rng, config, table)
        drawn = plotting.draw(rng, bars.plot(rng, config), config.size, config.variety)
        probes = tuple(drawn.probe(*spot) for spot in bars.spots)
        return Item(drawn.image, question, asked.answer, description, asked.steps, asked.ask, probes=probes)


class _Bars:
    """Where the bars stand. Places along the label axis: group k lies between k and k + 1."""

    def __init__(self, rng: random.Random, config: GroupedBarsConfig, table: tables.Table) -> None:
        self.table = table
        self.stacked, self.printed = rng.random() < config.stacked, rng.random() < config.printed
        self.sideways = rng.random() < config.sideways
        self.colours = plotting.palette(rng, len(table.columns), config.variety)
        self.share = rng.uniform(0.55, 0.85)
        slim = len(table.rows) * (1 if self.stacked else len(table.columns)) > 9  # an outline would cover them
        self.outline: RGB | None = (40, 40, 40) if config.variety > 1 and rng.random() < 0.2 and not slim else None
        self.areas: list[Area] = []
        self.notes: list[Note] = []
        self.spots: list[tuple[tuple[float, float], RGB]] = []
        highest = max(map(sum, table.cells)) if self.stacked else table.scale.top
        self.top = table.scale.step * -(-highest // table.scale.step)
        for k in range(len(table.rows)):
            self._group(k)

    def _group(self, k: int) -> None:
        values, floor = self.table.cells[k], 0
        wide = self.share if self.stacked else self.share / len(values)
        for c, value in enumerate(values):
            left = k + (1 - self.share) / 2 + (0 if self.stacked else c * wide)
            self._bar(left, left + wide, floor, floor + value, self.colours[c])
            if self.printed:
                self._print(left + wide / 2, floor, value)
            floor += value if self.stacked else 0

    def _bar(self, left: float, right: float, low: float, high: float, colour: RGB) -> None:
        corners = tuple(self._point(*p) for p in ((left, low), (left, high), (right, high), (right, low)))
        self.areas.append(Area(corners, colour, self.outline))
        # Beside the middle, where a printed value may stand.
        self.spots.append((self._point(left + 0.15 * (right - left), low + 0.25 * (high - low)), colour))

    def _print(self, middle: float, floor: float, value: int) -> None:
        if self.stacked:
            self.notes.append(Note(self._point(middle, floor + value / 2), str(value), colour=(255, 255, 255), size=0.85))
        else:
            self.notes.append(Note(self._point(middle, value + 0.012 * self.top), str(value), "lm" if self.sideways else "mb", size=0.85))

    def _point(self, along: float, value: float) -> tuple[float, float]:
        """On a sideways chart the first group is on top."""
        return (value, len(self.table.rows) - along) if self.sideways else (along, value)

    def plot(self, rng: random.Random, config: GroupedBarsConfig) -> Plot:
        """The bars with their axes and legend."""
        count, step = len(self.table.rows), self.table.scale.step
        stride = -(-self.top // step // 8)  # at most 8 of the ticks have numbers
        ticks = tuple((v, str(v) if v // step % stride == 0 else "") for v in range(0, self.top + 1, step))
        values = Axis(0, self.top * (1.15 if self.printed and not self.stacked else 1.05), ticks, grid=True)
        named = Axis(0, count, tuple((self._point(k + 0.5, 0)[self.sideways], row) for k, row in enumerate(self.table.rows)))
        return Plot(
            values if self.sideways else named,
            named if self.sideways else values,
            (*self.areas, *self.notes),
            title=self.table.title if rng.random() < 0.4 else "",
            legend=tuple((name, colour, "") for name, colour in zip(self.table.columns, self.colours, strict=True)),
            aspect=(0.8, 1.2) if self.sideways else (0.8 + 0.09 * count, 1.2 + 0.1 * count),
        )
