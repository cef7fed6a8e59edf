"""Line charts with one to four series, random or real: read a point, compare points and series, count."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.tasks import plotting, tables
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.plotting import Axis, Dots, Line, Note, Plot
from onevision.types import Description

WORDINGS = {
    "read": (
        "What is the value of {column} for {row}?",
        "How high is the line of {column} at {row}?",
        "Read the value of {column} at {row}.",
        "Which value does {column} have at {row}?",
        "What does the chart show for {column} at {row}?",
    ),
    "most": (
        "Where is {column} highest?",
        "At which point of the horizontal axis does {column} peak?",
        "Where does {column} have its largest value?",
        "Name the label at which {column} is at its maximum.",
        "Under which label is the highest point of {column}?",
    ),
    "least": (
        "Where is {column} lowest?",
        "At which label does {column} have its smallest value?",
        "Where is the minimum of {column}?",
        "Name the label at which the line of {column} is lowest.",
        "Under which label is the lowest point of {column}?",
    ),
    "difference": (
        "By how much does {column} differ between {a} and {b}?",
        "How much larger is {column} at {a} than at {b}?",
        "What is the difference of {column} between {a} and {b}?",
        "Subtract the value of {column} at {b} from that at {a}.",
        "How much more is {column} at {a} than at {b}?",
    ),
    "above": (
        "At how many labels is {column} above {n}?",
        "How many points of {column} lie above {n}?",
        "How many values of {column} are greater than {n}?",
        "Count the points of {column} that are higher than {n}.",
        "How often is {column} more than {n}?",
    ),
    "over": (
        "At how many labels is {a} above {b}?",
        "How often is the value of {a} greater than that of {b}?",
        "Count the labels at which {a} is higher than {b}.",
        "At how many points does {a} exceed {b}?",
        "For how many labels does {a} lie over {b}?",
    ),
    "rise": (
        "At which label does the largest rise of {column} from its predecessor end?",
        "{column} rises most from one label to the next. Which is the second of the two?",
        "Up to which label does {column} climb most in one step?",
        "Where does the steepest rise of {column} end?",
        "Compared with the label before, where has {column} gained most?",
    ),
    "best": (
        "Which line is highest at {row}?",
        "Which series has the largest value at {row}?",
        "At {row}, which line is on top?",
        "Name the series with the highest value at {row}.",
        "Whose value is the greatest at {row}?",
    ),
    "mean": (
        "What is the mean of all values of {column}?",
        "What is the average of {column}?",
        "Find the mean value of {column} over all labels.",
        "Work out the average of the points of {column}.",
        "How much is {column} on average?",
    ),
}
"""Query -> how it is asked."""


@dataclass(frozen=True)
class LineChartConfig(Config):
    """points, lines: fewest and most; top: about the largest value; ticks: of the value axis, fewest and most; half:
    values may lie halfway between ticks; printed: how often values stand at the points; real: how often the table is a
    real one; queries: the kinds of question, repeated to weigh."""

    points: tuple[int, int] = (4, 7)
    lines: tuple[int, int] = (2, 3)
    top: int = 60
    ticks: tuple[int, int] = (4, 8)
    half: bool = False
    printed: float = 0.0
    real: float = 0.4
    queries: tuple[str, ...] = ("read", "most", "least", "difference", "above", "over", "best")


class LineChart(Task):
    """One line chart; its Description is the table of its values."""

    name = "line_chart"
    renderers = ("own",)
    parts = ("resvg_py", "vega_datasets")
    Config = LineChartConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "real": 0.0, "lines": (1, 1)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"points": (3, 4), "top": 8, "printed": 0.7, "queries": ("read", "most", "least")},
            2: plain | {"points": (3, 5), "top": 20, "printed": 0.3, "queries": ("read", "most", "least", "difference")},
            3: {"points": (4, 6), "lines": (1, 2), "variety": 1, "size": (224, 700), "real": 0.2},
            4: {},
            5: {"points": (5, 9), "lines": (2, 4), "top": 200, "half": True,
                "queries": ("read", "difference", "above", "over", "rise", "best", "mean", "mean")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: LineChartConfig) -> Item:
        asked = None
        while asked is None:
            points, lines = rng.randint(*config.points), rng.randint(*config.lines)
            table = tables.table_for(rng, points, lines, config.top, config.ticks, config.half, config.real)
            query = rng.choice([q for q in config.queries if len(table.columns) > 1 or q not in ("best", "over")])
            asked = tables.ask(rng, table, query)
        question = rng.choice(WORDINGS[query]).format(**asked.fields)
        description = Description("csv", table.csv())
        self.claim(description, question)
        drawn, probes = _picture(rng, config, table)
        return Item(drawn.image, question, asked.answer, description, asked.steps, asked.ask, probes=probes)


def _picture(rng: random.Random, config: LineChartConfig, table: tables.Table) -> tuple[plotting.Drawn, Any]:
    count, scale = len(table.rows), table.scale
    colours = plotting.palette(rng, len(table.columns), config.variety)
    marker = rng.choice("os^D") if config.variety else "o"
    dashed = config.variety > 1 and rng.random() < 0.15
    lines = tuple(
        Line(tuple((k + 0.5, cells[c]) for k, cells in enumerate(table.cells)), colour, dashed=dashed, width=rng.uniform(0.9, 1.6))
        for c, colour in enumerate(colours)
    )
    # Above all lines: no two series meet at a point, so no point is hidden.
    dots = tuple(Dots(line.points, line.colour, marker, 0.55) for line in lines)
    printed = rng.random() < config.printed
    notes = tuple(Note((k + 0.5, v + 0.07 * scale.top), str(v), size=0.95) for k, (v, *_) in enumerate(table.cells)) if printed else ()
    legend = tuple((name, colour, marker) for name, colour in zip(table.columns, colours, strict=True))
    plot = Plot(
        Axis(0, count, tuple((k + 0.5, row) for k, row in enumerate(table.rows)), grid=config.variety > 0 and rng.random() < 0.5),
        Axis(0, scale.top * 1.08, scale.ticks, grid=True),
        (*lines, *dots, *notes),
        title=table.title if rng.random() < 0.4 else "",
        legend=legend,
        aspect=(0.95 + 0.04 * count, 1.25 + 0.05 * count),
    )
    drawn = plotting.draw(rng, plot, config.size, config.variety)
    return drawn, tuple(drawn.probe(point, line.colour) for line in lines for point in line.points)
