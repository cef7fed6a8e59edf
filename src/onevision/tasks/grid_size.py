"""A ruled grid, blank or with a word in each cell: count its rows, its columns or its cells."""

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from onevision.formal import figure
from onevision.formal.figure import Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.tasks.words import opened
from onevision.types import Description

BOTH = (
    "Count the number of rows and columns and answer with numbers in curly brackets. For example, rows={5} columns={6}",
    "How many rows and columns are in the table? Answer with only the numbers in a pair (row, column), e.g., (5,6)",
    "How many rows and columns does the grid have?",
    "What is the size of the grid, as rows,columns?",
    "Give the number of rows and the number of columns of the table, as rows,columns.",
    "Count the rows and the columns in the image. Answer as rows,columns, e.g. 5,6.",
)
ROWS = (
    "How many rows are in the table?",
    "How many rows does the grid have?",
    "Count the rows of the grid.",
    "What is the number of rows in the table?",
    "Count the rows in the image. Answer with a number in curly brackets, e.g., {5}.",
    "How many horizontal rows of cells are there?",
)
COLUMNS = (
    "How many columns are in the table?",
    "How many columns does the grid have?",
    "Count the columns of the grid.",
    "What is the number of columns in the table?",
    "Count the columns in the image. Answer with a number in curly brackets, e.g., {5}.",
    "How many vertical columns of cells are there?",
)
CELLS = (
    "How many cells are in the table?",
    "How many cells does the grid have?",
    "Count the cells of the grid.",
    "What is the total number of cells in the table?",
    "How many cells are there in the image? Answer with a number in curly brackets, e.g., {30}.",
    "Into how many cells is the grid divided?",
)
QUESTIONS = {"both": BOTH, "rows": ROWS, "columns": COLUMNS, "cells": CELLS}

WORDS = tuple("""
ant ape arm art bag bed bee box boy bus cap car cat cow cup day dog ear egg eye fan fig fox gem hat hen ice ink jam jar
key kid leg lip log map mug net nut oak owl pan pen pie pig rat sea ski sky sun tea toy van web zoo ball bear bell bird
boat book boot bowl cake cave coin corn desk door drum duck fish flag frog gate goat gold hand hill iron kite lake lamp
leaf lion milk moon nest page pear pond rain ring road rose salt ship snow soap sock star tent tree wall wind wolf yarn
""".split())  # fmt: skip

Cells = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class GridSizeConfig(Config):
    """counts: fewest and most rows and columns; words: share of grids with words in their cells;
    full: share of grids that fill the picture; fancy: uneven cells, shading and dashed lines occur.
    """

    counts: tuple[int, int] = (2, 9)
    words: float = 0.2
    full: float = 0.5
    fancy: bool = False


class GridSize(Task):
    """A ruled grid of rows × columns, as in BlindTest's rows and columns."""

    name = "grid_size"
    version = 3
    Config = GridSizeConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        return {
            1: {"counts": (1, 4), "words": 0.0, "full": 0.8, "variety": 0, "size": (224, 448)},
            2: {"counts": (1, 6), "words": 0.0, "variety": 1, "size": (224, 448)},
            3: {"counts": (3, 9), "variety": 1, "size": (224, 700)},
            4: {"counts": (2, 10), "fancy": True},
            5: {"counts": (3, 12), "fancy": True, "full": 0.3},
        }[level]

    def draw(self, rng: random.Random, config: GridSizeConfig) -> Item:
        rows, columns = rng.randint(*config.counts), rng.randint(*config.counts)
        words = _words(rng, rows, columns) if rng.random() < config.words else ()
        query = rng.choice(("both", "both", "rows", "columns", "cells"))
        answer, steps = _answer(query, rows, columns)
        description = Description("figure", _enumerated(rows, columns))
        question = self.worded(description, lambda: opened(rng, rng.choice(QUESTIONS[query])))
        canvas = Canvas(
            *picture_size(rng, config.size, (0.75, 1.33) if config.variety else (1, 1)),
            Style.sample(rng, config.variety, config.renderer),
        )
        margin = 0.0 if rng.random() < config.full else 0.35
        xs, ys = (_lines(rng, *side, margin, config.fancy) for side in ((canvas.width, columns), (canvas.height, rows)))
        probes = _draw_grid(rng, canvas, xs, ys, words, config.fancy)
        image = canvas.image(rng)
        self.claim_picture(image)
        return Item(image, question, answer, description, steps, {"query": query}, probes=probes)


def _words(rng: random.Random, rows: int, columns: int) -> Cells:
    picked = rng.choices(WORDS, k=rows * columns)
    return tuple(tuple(picked[r * columns : (r + 1) * columns]) for r in range(rows))


def _enumerated(rows: int, columns: int) -> str:
    """The grid as numbered rows and columns: who writes it has counted."""
    counted = [(name, tuple(str(k + 1) for k in range(n))) for name, n in (("rows", rows), ("columns", columns))]
    return figure.write(tuple(Statement(name, ":", numbers) for name, numbers in counted))


def _answer(query: str, rows: int, columns: int) -> tuple[str, str]:
    """The answer and the steps to it."""
    if query == "cells":
        return str(rows * columns), f"{rows}*{columns}={rows * columns}"
    if query == "both":
        return f"{rows},{columns}", f"rows,columns: {rows},{columns}"
    count = rows if query == "rows" else columns
    return str(count), f"{query}: {count}"


def _lines(rng: random.Random, length: int, count: int, margin: float, fancy: bool) -> list[int]:
    """Where the count + 1 lines across `length` pixels run, whole pixels; margin: at most this share stays free."""
    room = max(0.0, 1 - 9 * count / length)
    margin = min(rng.uniform(0.04, margin), room) if margin else 0.0
    before = margin * (rng.uniform(0.2, 0.8) if fancy else 0.5)
    uneven = 0.3 if fancy and rng.random() < 0.5 and length * (1 - margin) > 14 * count else 0.0
    sizes = [rng.uniform(1 - uneven, 1 + uneven) for _ in range(count)]
    step = (1 - margin) * (length - 1) / sum(sizes)
    return [round(before * length + step * sum(sizes[:k])) for k in range(count + 1)]


def _draw_grid(rng: random.Random, canvas: Canvas, xs: list[int], ys: list[int], words: Cells,
               fancy: bool) -> tuple[tuple[int, int, RGB], ...]:  # fmt: skip
    cell = min([b - a for side in (xs, ys) for a, b in pairwise(side)])
    thick = max(1, round(min(canvas.line_width * rng.uniform(0.5, 1.3), 0.2 * cell)))
    if fancy:
        _shade(rng, canvas, xs, ys)
    _write_words(rng, canvas, xs, ys, words)
    dash = thick + rng.randint(2, 5) if fancy and cell > 24 and rng.random() < 0.3 else 0
    for x in xs:
        _rule(canvas, (x, ys[0]), (x, ys[-1]), thick, dash if x not in (xs[0], xs[-1]) else 0)
    for y in ys:
        _rule(canvas, (xs[0], y), (xs[-1], y), thick, dash if y not in (ys[0], ys[-1]) else 0)
    return _probes(canvas, xs, ys, bool(words) or fancy, bool(dash))


def _rule(canvas: Canvas, start: tuple[int, int], end: tuple[int, int], thick: int, dash: int) -> None:
    """A straight line as whole pixels, so that thin ones stay sharp; it passes over `end`, and is cut at the page."""
    before, after = (thick - 1) // 2, thick // 2
    upright = start[0] == end[0]
    low, high = (start[1], end[1]) if upright else (start[0], end[0])
    for a in range(low, high + 1, 2 * dash) if dash else (low - before,):
        b = min(a + dash - 1, high) if dash else high + after
        box = (start[0] - before, a, start[0] + after, b) if upright else (a, start[1] - before, b, start[1] + after)
        canvas.block(box, canvas.style.ink)


def _shade(rng: random.Random, canvas: Canvas, xs: list[int], ys: list[int]) -> None:
    """A tinted header row, a tinted first column or every second row tinted, sometimes."""
    tint = rng.randint(190, 235), rng.randint(190, 235), rng.randint(200, 245)
    kind = rng.choice(("none", "header", "column", "stripes"))
    if kind == "header":
        canvas.block((xs[0], ys[0], xs[-1], ys[1]), tint)
    if kind == "column":
        canvas.block((xs[0], ys[0], xs[1], ys[-1]), tint)
    for top, bottom in zip(ys[::2], ys[1::2], strict=False) if kind == "stripes" else ():
        canvas.block((xs[0], top, xs[-1], bottom), tint)


def _write_words(rng: random.Random, canvas: Canvas, xs: list[int], ys: list[int], words: Cells) -> None:
    narrow = min(b - a for a, b in pairwise(xs))
    low = min(b - a for a, b in pairwise(ys))
    em = min(0.33 * narrow, 0.6 * low) * rng.uniform(0.8, 1.0)
    for r, row in enumerate(words):
        for c, word in enumerate(row):
            canvas.text(((xs[c] + xs[c + 1]) / 2, (ys[r] + ys[r + 1]) / 2), word, em)


def _probes(canvas: Canvas, xs: list[int], ys: list[int], filled: bool, dashed: bool) -> tuple[tuple[int, int, RGB], ...]:
    """Pixels on the lines, between two crossings, and one in a blank cell."""
    column, row = (xs[0] + xs[1]) // 2, (ys[0] + ys[1]) // 2
    across, down = ((0, -1), (0, -1)) if dashed else (range(len(xs)), range(len(ys)))
    inked = [(xs[k], row) for k in across] + [(column, ys[k]) for k in down]
    last = (xs[-2] + xs[-1]) // 2, (ys[-2] + ys[-1]) // 2
    blank = () if filled else ((*last, canvas.style.page),)
    return (*((x, y, canvas.style.ink) for x, y in inked), *blank)
