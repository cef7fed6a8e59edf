"""Squares in which every row and column (and block) holds each sign once: find the sign of the marked cell."""

import random
from dataclasses import dataclass
from itertools import chain
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.types import Description

WORDINGS = {
    "square": (
        "Each sign stands once in every row and column. Which sign belongs at the question mark?",
        "No sign occurs twice in a row or a column. What goes where the question mark is?",
        "Fill the square so that each sign is once in each row and column. What replaces the question mark?",
        "This is a Latin square. Find the sign marked ?.",
        "Rows and columns each contain all signs. Which one does the question mark stand for?",
    ),
    "blocks": (
        "Solve this small sudoku. Which sign belongs at the question mark?",
        "Each row, column and thick-lined block holds every sign once. What goes at the question mark?",
        "It is a small sudoku. Find the sign marked ?.",
        "Rows, columns and blocks each contain all signs. Which one replaces the question mark?",
        "In every row, column and block, no sign occurs twice. Which is the one at the question mark?",
    ),
}
"""Kind -> how it is asked."""
BLOCKS = {4: (2, 2), 6: (3, 2)}
"""Side -> (columns, rows) of a block."""


@dataclass(frozen=True)
class LatinSquareConfig(Config):
    """side: fewest and most signs; hidden: share of the other cells left empty, as far as the answer still follows; blocks: how
    often there are blocks too (sides 4 and 6); depth: most cells that must be filled before the marked one; letters: how
    often the signs are letters."""

    side: tuple[int, int] = (4, 5)
    hidden: float = 0.5
    blocks: float = 0.3
    depth: tuple[int, int] = (1, 3)
    letters: float = 0.3


class LatinSquare(Task):
    """A partly filled square with one marked cell; its Description is the square, `.` for an empty cell."""

    name = "latin_square"
    version = 2
    Config = LatinSquareConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"side": (3, 4), "hidden": 0.1, "blocks": 0.0, "depth": (0, 0), "variety": 0, "size": (224, 448), "letters": 0.0},
            2: {"side": (3, 4), "hidden": 0.3, "blocks": 0.2, "depth": (0, 0), "variety": 0, "size": (224, 448)},
            3: {"side": (4, 4), "hidden": 0.4, "depth": (0, 1), "variety": 1, "size": (224, 700)},
            4: {},
            5: {"side": (5, 6), "hidden": 0.6, "depth": (2, 6), "blocks": 0.5},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: LatinSquareConfig) -> Item:
        found = None
        while found is None:
            found = _puzzle(rng, config)
        puzzle, solved, steps = found
        lettered = rng.random() < config.letters
        signs = "ABCDEF" if lettered else "123456"
        text = csv.write(tuple(tuple(puzzle.shown(cell, signs) or "." for cell in row) for row in puzzle.rows()))
        question = rng.choice(WORDINGS["blocks" if puzzle.block else "square"])
        description = Description("csv", text)
        self.claim(description, question)
        canvas, probes = _draw(rng, config, puzzle, signs)
        ask = {"query": "marked", "block": list(puzzle.block)}
        lines = "\n".join(_line(cell, signs, seen) + f": {signs[value]}" for cell, seen, value in steps)
        image = canvas.image(rng)
        self.claim_picture(image)
        return Item(image, question, signs[solved], description, lines, ask, probes=probes)


Cell = tuple[int, int]
"""column, row"""


@dataclass
class _Puzzle:
    side: int
    block: tuple[int, ...]
    cells: dict[Cell, int]
    marked: Cell

    def rows(self) -> list[list[Cell]]:
        """All cells, row by row."""
        return [[(x, y) for x in range(self.side)] for y in range(self.side)]

    def shown(self, cell: Cell, signs: str) -> str:
        """What stands in a cell, "" in an empty one."""
        return "?" if cell == self.marked else signs[self.cells[cell]] if cell in self.cells else ""

    def groups(self, cell: Cell) -> dict[str, list[Cell]]:
        """The cells of its row, of its column, and of its block where there are blocks."""
        x, y = cell
        found = {"row": [(k, y) for k in range(self.side)], "column": [(x, k) for k in range(self.side)]}
        if self.block:
            w, h = self.block
            found["block"] = [(x // w * w + a, y // h * h + b) for b in range(h) for a in range(w)]
        return found

    def seen(self, cell: Cell) -> dict[str, list[int]]:
        """The signs that its row, column and block hold."""
        return {name: [self.cells[c] for c in group if c in self.cells] for name, group in self.groups(cell).items()}

    def single(self, cell: Cell) -> bool:
        """Whether only one sign is left for a cell."""
        return len({v for found in self.seen(cell).values() for v in found}) == self.side - 1


Step = tuple[Cell, dict[str, list[int]], int]
"""A cell to fill, the signs it sees, its sign."""


def _puzzle(rng: random.Random, config: LatinSquareConfig) -> tuple[_Puzzle, int, list[Step]] | None:
    """A puzzle, the marked cell's sign, and the steps to it; None where it does not follow in as many as wanted."""
    side = rng.randint(*config.side)
    block = BLOCKS[side] if side in BLOCKS and rng.random() < config.blocks else ()
    full = _filled(rng, side, block)
    marked = rng.choice(sorted(full))
    others = [cell for cell in full if cell != marked]
    kept = dict(full)
    del kept[marked]
    for cell in rng.sample(others, round(config.hidden * len(others))):
        del kept[cell]
    if len(set(kept.values())) < side:
        return None  # a sign that is nowhere to be seen could not be named
    puzzle = _Puzzle(side, block, kept, marked)
    order = _solve(puzzle, full)
    if order is None or not config.depth[0] <= len(order) - 1 <= config.depth[1]:
        return None
    return puzzle, full[marked], order


def _filled(rng: random.Random, side: int, block: tuple[int, ...]) -> dict[Cell, int]:
    """A full square: a cyclic one with rows, columns and signs shuffled, bands kept where there are blocks."""
    w, h = block or (1, side)
    bands = [[band * h + k for k in rng.sample(range(h), h)] for band in rng.sample(range(side // h), side // h)]
    stacks = [[stack * w + k for k in rng.sample(range(w), w)] for stack in rng.sample(range(side // w), side // w)]
    rows, columns, signs = list(chain.from_iterable(bands)), list(chain.from_iterable(stacks)), rng.sample(range(side), side)
    return {(x, y): signs[(w * (r % h) + r // h + c) % side] for y, r in enumerate(rows) for x, c in enumerate(columns)}


def _solve(puzzle: _Puzzle, full: dict[Cell, int]) -> list[Step] | None:
    """The cells to fill in turn, each with one sign left, the marked one last, and none that is not needed. None if stuck."""
    work = _Puzzle(puzzle.side, puzzle.block, dict(puzzle.cells), puzzle.marked)
    order: list[Cell] = []
    while not work.single(puzzle.marked):
        cell = next((c for c in full if c not in work.cells and c != puzzle.marked and work.single(c)), None)
        if cell is None:
            return None
        order.append(cell)
        work.cells[cell] = full[cell]
    for cell in reversed(order):
        shorter = [c for c in order if c != cell]
        order = shorter if _replayed(puzzle, full, shorter) else order
    return _replayed(puzzle, full, order)


def _replayed(puzzle: _Puzzle, full: dict[Cell, int], order: list[Cell]) -> list[Step] | None:
    """The steps that fill cells in this order and then the marked one; None where one has more than one sign left."""
    work, steps = _Puzzle(puzzle.side, puzzle.block, dict(puzzle.cells), puzzle.marked), []
    for cell in [*order, puzzle.marked]:
        if not work.single(cell):
            return None
        steps.append((cell, work.seen(cell), full[cell]))
        work.cells[cell] = full[cell]
    return steps


def _line(cell: Cell, signs: str, seen: dict[str, list[int]]) -> str:
    return f"{_name(cell)}: " + ", ".join(f"{name} {''.join(signs[v] for v in values)}" for name, values in seen.items() if values)


def _name(cell: Cell) -> str:
    return f"{'abcdef'[cell[0]]}{cell[1] + 1}"


def _draw(rng: random.Random, config: LatinSquareConfig, puzzle: _Puzzle, signs: str) -> tuple[Canvas, tuple[tuple[int, int, RGB], ...]]:
    style = Style.sample(rng, config.variety, config.renderer)
    canvas = Canvas(*picture_size(rng, config.size, (0.9, 1.12) if config.variety else (1, 1)), style)
    n = puzzle.side
    side = min(canvas.width, canvas.height) / (n + 0.3) * (rng.uniform(0.85, 1.0) if config.variety > 1 else 1)
    left, top = (canvas.width - n * side) / 2, (canvas.height - n * side) / 2
    mark: RGB = (255, 236, 150) if config.variety == 0 or rng.random() < 0.5 else style.page
    shade: RGB = (228, 236, 246) if config.variety > 1 and puzzle.block and rng.random() < 0.4 else style.page
    probes = []
    for x, y in chain.from_iterable(puzzle.rows()):
        w, h = puzzle.block or (n, n)
        fill = mark if (x, y) == puzzle.marked else shade if (x // w + y // h) % 2 else style.page
        a, b = left + x * side, top + y * side
        canvas.polygon([(a, b), (a + side, b), (a + side, b + side), (a, b + side)], fill)
        canvas.text((a + side / 2, b + side / 2), puzzle.shown((x, y), signs), 0.58 * side)
        probes.append((int(a + 0.16 * side), int(b + 0.2 * side), fill))
    _rules(canvas, puzzle, (left, top), side)
    return canvas, tuple(probes)


def _rules(canvas: Canvas, puzzle: _Puzzle, corner: tuple[float, float], side: float) -> None:
    """The lines, thick round blocks and the whole."""
    (left, top), n = corner, puzzle.side
    thin = max(1.0, min(0.7 * canvas.line_width, 0.05 * side))
    w, h = puzzle.block or (n, n)
    for k in range(n + 1):
        for along, step in ((True, h), (False, w)):
            width = 2.4 * thin if k % step == 0 else thin
            ends = (
                [(left, top + k * side), (left + n * side, top + k * side)]
                if along
                else [(left + k * side, top), (left + k * side, top + n * side)]
            )
            canvas.line(ends, width=width)
