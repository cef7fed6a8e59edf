"""Mazes on a grid: how long the way is, which letter it leads to, which letter is nearest."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import PROBE_WIDTH, RGB, XY, Canvas, Style, picture_size, probe_near
from onevision.types import Description

WORDINGS = {
    "steps": (
        "How many steps is the shortest way from S to E?",
        "From cell to cell, how many moves does it take to get from S to E?",
        "Count the steps on the shortest path from S to E.",
        "What is the least number of moves that leads from S to E?",
        "How far is it from S to E, in cells moved?",
    ),
    "which": (
        "Which letter can be reached from S?",
        "Which of the lettered cells does a path lead to from S?",
        "Walk from S. At which letter can you arrive?",
        "Only one letter is connected with S. Which one?",
        "Which letter is not cut off from S?",
    ),
    "nearest": (
        "Which letter is nearest to S, along the paths?",
        "Walking from S, which letter takes the fewest steps?",
        "To which letter is the way from S the shortest?",
        "Which letter do you reach first if you take the shortest way from S?",
        "Which of the letters is the fewest moves away from S?",
    ),
}
"""Query -> how it is asked."""
MOVES = {"N": (0, -1), "E": (1, 0), "S": (0, 1), "W": (-1, 0)}
OPPOSITE = {"N": "S", "E": "W", "S": "N", "W": "E"}


@dataclass(frozen=True)
class MazeConfig(Config):
    """sides: fewest and most rows and columns; loops: walls taken away beyond one way between any two cells, as a share of the
    cells; queries: repeated to weigh."""

    sides: tuple[int, int] = (5, 6)
    loops: float = 0.05
    queries: tuple[str, ...] = ("steps", "which", "nearest", "nearest")


class Maze(Task):
    """A maze of square cells; its Description gives each cell's open sides, and the letter in it."""

    name = "maze"
    Config = MazeConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"sides": (3, 3), "loops": 0.0, "variety": 0, "size": (224, 448), "queries": ("steps", "which", "which")},
            2: {"sides": (3, 4), "loops": 0.0, "variety": 0, "size": (224, 448)},
            3: {"sides": (4, 5), "variety": 1, "size": (224, 700)},
            4: {},
            5: {"sides": (6, 8), "loops": 0.1},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: MazeConfig) -> Item:
        maze = None
        while maze is None:
            query = rng.choice(config.queries)
            maze = _build(rng, config, query)
        question = rng.choice(WORDINGS[query])
        description = Description("csv", csv.write(maze.rows()))
        self.claim(description, question)
        answer, steps = _answer(query, maze)
        canvas, spots = _draw(rng, config, maze)
        image = canvas.image(rng)
        probes = tuple(probe_near(image, at, wall) for at, wall in spots)
        return Item(image, question, answer, description, steps, {"query": query}, probes=probes)


Cell = tuple[int, int]
"""column, row"""


@dataclass
class _Maze:
    """open: each cell's open sides; letters: cell -> S, E, A, B, ..."""

    wide: int
    high: int
    open: dict[Cell, set[str]]
    letters: dict[Cell, str]

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The cells as text: open sides in lower case, then the letter: `es`, `nwA`."""
        return tuple(tuple(self.text((x, y)) for x in range(self.wide)) for y in range(self.high))

    def text(self, cell: Cell) -> str:
        """One cell: `-` for a closed one."""
        sides = "".join(side.lower() for side in MOVES if side in self.open[cell])
        return (sides or "-") + self.letters.get(cell, "")

    def join(self, cell: Cell, side: str) -> None:
        """Open the wall between a cell and its neighbour."""
        self.open[cell].add(side)
        self.open[_beside(cell, side)].add(OPPOSITE[side])

    def part(self, cell: Cell, side: str) -> None:
        """Close it."""
        self.open[cell].discard(side)
        self.open[_beside(cell, side)].discard(OPPOSITE[side])

    def find(self, letter: str) -> Cell:
        """Where a letter stands."""
        return next(cell for cell, found in self.letters.items() if found == letter)

    def waves(self, start: Cell) -> list[list[Cell]]:
        """The cells by their distance from one."""
        found, waves = {start}, [[start]]
        while waves[-1]:
            beyond = [_beside(cell, side) for cell in waves[-1] for side in MOVES if side in self.open[cell]]
            waves.append([cell for cell in dict.fromkeys(beyond) if cell not in found])
            found |= set(waves[-1])
        return waves[:-1]


def _beside(cell: Cell, side: str) -> Cell:
    return cell[0] + MOVES[side][0], cell[1] + MOVES[side][1]


def _build(rng: random.Random, config: MazeConfig, query: str) -> _Maze | None:
    """A maze fit for a query; None where its cells lie badly."""
    wide, high = (rng.randint(*config.sides) for _ in range(2))
    cells = [(x, y) for y in range(high) for x in range(wide)]
    maze = _Maze(wide, high, {cell: set() for cell in cells}, {})
    _carve(rng, maze, rng.choice(cells))
    for _ in range(round(config.loops * len(cells))):
        cell, side = rng.choice(cells), rng.choice(sorted(MOVES))
        if _beside(cell, side) in maze.open:
            maze.join(cell, side)
    start = rng.choice(cells)
    waves = maze.waves(start)
    maze.letters[start] = "S"
    if query == "steps":
        # Far cells are fewer than near ones; so that no number of steps is much more common than others.
        (length,) = rng.choices(range(2, len(waves)), range(2, len(waves)))
        maze.letters[rng.choice(waves[length])] = "E"
        return maze
    if query == "nearest":
        return _near(rng, maze, waves)
    return _cut(rng, maze, start)


def _carve(rng: random.Random, maze: _Maze, start: Cell) -> None:
    """A random tree of passages: depth first, now and then from an older cell."""
    seen, path = {start}, [start]
    while path:
        cell = path[-1] if rng.random() < 0.8 else rng.choice(path)
        ways = [side for side in MOVES if _beside(cell, side) in maze.open and _beside(cell, side) not in seen]
        if not ways:
            path.remove(cell)
            continue
        side = rng.choice(ways)
        maze.join(cell, side)
        seen.add(_beside(cell, side))
        path.append(_beside(cell, side))


def _near(rng: random.Random, maze: _Maze, waves: list[list[Cell]]) -> _Maze | None:
    """Four letters, one nearer to the start than the others."""
    first = rng.randrange(2, max(3, len(waves) - 1))
    far = [cell for wave in waves[first + 1 :] for cell in wave]
    if first >= len(waves) or len(far) < 3:
        return None
    letters = rng.sample("ABCD", 4)
    maze.letters |= dict(zip([rng.choice(waves[first]), *rng.sample(far, 3)], letters, strict=True))
    return maze


def _cut(rng: random.Random, maze: _Maze, start: Cell) -> _Maze | None:
    """Walls added until a third or more of the cells cannot be reached; then one letter on the near side, others beyond."""
    doors = [(cell, side) for cell, sides in maze.open.items() for side in sorted(sides)]
    rng.shuffle(doors)
    for cell, side in doors:
        maze.part(cell, side)
        near = [c for wave in maze.waves(start) for c in wave]
        if len(near) < 3 or len(near) < 0.3 * len(maze.open):
            maze.join(cell, side)
    near = [c for wave in maze.waves(start)[2:] for c in wave]
    beyond = [c for c in maze.open if c not in {d for wave in maze.waves(start) for d in wave}]
    _reconnect(rng, maze, beyond)
    if not near or len(beyond) < 3:
        return None
    letters = rng.sample("ABCD", 4)
    maze.letters |= dict(zip([rng.choice(near), *rng.sample(beyond, 3)], letters, strict=True))
    return maze


def _reconnect(rng: random.Random, maze: _Maze, beyond: list[Cell]) -> None:
    """Passages among the cells that cannot be reached, so that they look like the others."""
    for cell in beyond:
        ways = [side for side in MOVES if _beside(cell, side) in beyond]
        if ways and len(maze.open[cell]) < 2:
            maze.join(cell, rng.choice(ways))


def _name(cell: Cell) -> str:
    """`b3`: second column, third row."""
    return f"{'abcdefgh'[cell[0]]}{cell[1] + 1}"


def _answer(query: str, maze: _Maze) -> tuple[str, str]:
    """The answer, and the flood from S that finds it, a wave a line."""
    lines, wanted = [], {cell: letter for cell, letter in maze.letters.items() if letter != "S"}
    for distance, wave in enumerate(maze.waves(maze.find("S"))):
        lines.append(f"{distance}: " + " ".join(_name(cell) + wanted.get(cell, "") for cell in wave))
        if met := [wanted[cell] for cell in wave if cell in wanted]:
            answer = str(distance) if query == "steps" else met[0]
            return answer, "\n".join([*lines, f"E: {distance}" if query == "steps" else answer])
    raise AssertionError("no letter can be reached")


def _draw(rng: random.Random, config: MazeConfig, maze: _Maze) -> tuple[Canvas, list[tuple[XY, RGB]]]:
    """The picture and points on its walls."""
    aspect = maze.wide / maze.high
    style = Style.sample(rng, config.variety, config.renderer)
    canvas = Canvas(*picture_size(rng, config.size, (aspect * 0.95, aspect * 1.05)), style)
    side = min(canvas.width / (maze.wide + 0.4), canvas.height / (maze.high + 0.4)) * (rng.uniform(0.85, 1) if config.variety > 1 else 1)
    left, top = (canvas.width - side * maze.wide) / 2, (canvas.height - side * maze.high) / 2
    thick = max(PROBE_WIDTH, min(canvas.line_width * rng.uniform(1, 2), 0.16 * side))
    wall = style.colour(rng, rng.choice(("blue", "brown", "green", "purple"))) if config.variety > 1 and rng.random() < 0.4 else style.ink
    _rule(canvas, maze, (left, top), side)
    for (x, y), letter in maze.letters.items():
        middle = left + (x + 0.5) * side, top + (y + 0.5) * side
        canvas.text(middle, letter, 0.55 * side, style.colour(rng, "red") if config.variety and letter in "SE" else None)
    walls = [bar for cell in maze.open for bar in _walls(maze, cell, (left, top), side)]
    for bar in walls:
        canvas.line(bar, wall, thick)
    return canvas, [(((a + c) / 2, (b + d) / 2), wall) for (a, b), (c, d) in walls]


def _rule(canvas: Canvas, maze: _Maze, corner: XY, side: float) -> None:
    """The cells' edges, pale: without them nobody could count steps."""
    (left, top), (wide, high) = corner, (maze.wide * side, maze.high * side)
    red, green, blue = (c - 45 for c in canvas.style.page)
    for k in range(1, maze.wide):
        canvas.line([(left + k * side, top), (left + k * side, top + high)], (red, green, blue), 1.0)
    for k in range(1, maze.high):
        canvas.line([(left, top + k * side), (left + wide, top + k * side)], (red, green, blue), 1.0)


def _walls(maze: _Maze, cell: Cell, corner: XY, side: float) -> list[list[XY]]:
    """The closed east and south sides of a cell, and the outer ones at the edges."""
    x, y = corner[0] + cell[0] * side, corner[1] + cell[1] * side
    lines: dict[str, list[XY]] = {
        "N": [(x, y), (x + side, y)], "E": [(x + side, y), (x + side, y + side)],
        "S": [(x, y + side), (x + side, y + side)], "W": [(x, y), (x, y + side)],
    }  # fmt: skip
    drawn = {"E", "S"} | ({"N"} if cell[1] == 0 else set()) | ({"W"} if cell[0] == 0 else set())
    return [lines[k] for k in MOVES if k in drawn and k not in maze.open[cell]]
