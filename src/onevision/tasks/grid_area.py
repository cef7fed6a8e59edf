"""Shapes on squared paper: areas by counting squares and halves or from the corners, and lengths of outlines."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onevision.formal import figure
from onevision.formal.figure import Point, Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.strokes import WHITE, Probe, inside, mixed, on_line, stroke
from onevision.tasks.terms import number
from onevision.types import Description

AREA = (
    "How many squares does the {what} cover?",
    "What is the area of the {what} in squares?",
    "Find the area of the {what}. One square of the grid is the unit.",
    "How large is the {what}, counted in squares of the grid?",
    "Work out how many squares the {what} takes up.",
)
BLANK = (
    "How many squares of the grid are left blank?",
    "How much of the grid is not coloured, in squares?",
    "What is the area of the grid that the {what} leaves free, in squares?",
    "Count the squares that are not coloured.",
    "How many squares remain white?",
)
SCALED = (
    "What is the area of the {what}? Mind the scale below the grid.",
    "How large is the {what} in the unit given below the grid?",
    "Use the scale to find the area of the {what}.",
    "Each square stands for the area written below. What is the area of the {what}?",
    "Work out the true area of the {what} from the scale.",
)
OUTLINE = (
    "How long is the outline of the {what}, in sides of squares?",
    "What is the perimeter of the {what}? One side of a square is the unit.",
    "Find the perimeter of the {what} in units of the grid.",
    "How many sides of squares does one walk once round the {what}?",
    "Work out the length of the border of the {what}.",
)
WORDING = {"area": AREA, "blank": BLANK, "scaled": SCALED, "outline": OUTLINE}


@dataclass(frozen=True)
class GridAreaConfig(Config):
    """wide, high: fewest and most squares of the grid; halves: share of half squares; corners: of a slanted polygon,
    fewest and most; dots: how often the grid is dots; queries: (shape, question), repeated to weigh, with shapes of
    squares, walls (a right-angled outline) and polygon."""

    wide: tuple[int, int] = (5, 8)
    high: tuple[int, int] = (4, 7)
    halves: float = 0.0
    corners: tuple[int, int] = (3, 5)
    dots: float = 0.0
    queries: tuple[str, ...] = ("polygon area", "walls outline", "squares scaled")


class GridArea(Task):
    """A shape on squared paper; the Description lists its squares row by row, or its corners."""

    name = "grid_area"
    Config = GridAreaConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"wide": (3, 5), "high": (3, 5), "queries": ("squares area",), "variety": 0, "size": (224, 448)},
            2: {"queries": ("squares area", "squares blank"), "variety": 1, "size": (224, 600)},
            3: {"halves": 0.4, "queries": ("squares area", "squares scaled", "walls outline"), "variety": 1},
            4: {"halves": 0.3, "queries": ("polygon area", "walls outline", "squares scaled")},
            5: {"wide": (7, 10), "high": (7, 10), "halves": 0.5, "corners": (4, 6), "dots": 0.3,
                "queries": ("polygon area", "polygon area", "polygon scaled", "walls outline", "squares scaled")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: GridAreaConfig) -> Item:
        kind, query = rng.choice(config.queries).split()
        size = (rng.randint(*config.wide), rng.randint(*config.high))
        shape = SHAPES[kind](rng, config, size)
        answer, steps = shape.outline() if isinstance(shape, _Polygon) and query == "outline" else shape.area()
        facts, steps = [Statement("grid", ":", (str(size[0]), str(size[1]))), *shape.facts()], list(steps)
        legend = ""
        if query == "blank":
            whole, covered = size[0] * size[1], answer
            answer = whole - covered
            steps += [f"{size[0]}*{size[1]}={whole}", f"{whole}-{number(covered)}={number(answer)}"]
        if query == "scaled":
            each, unit = rng.choice((2, 3, 4, 5, 6, 8, 10)), rng.choice(("cm²", "m²", "km²"))
            legend = f"= {each} {unit}"
            facts.append(Statement("square", ":", (str(each), unit)))
            steps.append(f"{number(answer)}*{each}={number(each * answer)}")
            answer *= each
        question = rng.choice(WORDING[query]).format(what=rng.choice(("shape", "figure", "coloured part")))
        description = Description("figure", figure.write(tuple(facts)))
        self.claim(description, question)
        image, probes = _picture(rng, config, size, shape, legend)
        return Item(image, question, number(answer), description, "\n".join(steps), {"query": query}, probes=probes)


@dataclass(frozen=True)
class _Squares:
    """cells: (column, row) from 0, row 0 on top -> corner that a half square lacks (0..3), None for a whole one."""

    cells: dict[tuple[int, int], int | None]

    def facts(self) -> list[Statement]:
        """Runs of whole squares a row, `3h` for a half one; columns and rows from 1."""
        rows = sorted({row for _, row in self.cells})
        return [Statement(f"row {row + 1}", ":", tuple(self._runs(row))) for row in rows]

    def _runs(self, row: int) -> list[str]:
        runs: list[list[int]] = []
        halves = []
        for column in sorted(c for c, r in self.cells if r == row):
            if self.cells[column, row] is not None:
                halves.append(column + 1)
            elif runs and runs[-1][1] == column:
                runs[-1][1] = column + 1
            else:
                runs.append([column + 1, column + 1])
        words = [(a, f"{a}-{b}" if b > a else str(a)) for a, b in runs] + [(c, f"{c}h") for c in halves]
        return [word for _, word in sorted(words)]

    def area(self) -> tuple[float, list[str]]:
        total, lines = 0.0, []
        for fact in self.facts():
            parts = [_covered(str(word)) for word in fact.objects]
            total += sum(parts)
            lines.append(f"{fact.subject}: {'+'.join(map(number, parts))}={number(sum(parts))}, {number(total)}")
        return total, lines

    def polygons(self) -> list[list[XY]]:
        """Each square's corners in grid units."""
        found = []
        for (x, y), lacking in sorted(self.cells.items()):
            corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
            found.append([(float(u), float(v)) for k, (u, v) in enumerate(corners) if k != lacking])
        return found


def _covered(word: str) -> float:
    """Squares that a run such as "2-5", "7" or "3h" covers."""
    if word.endswith("h"):
        return 0.5
    first, _, last = word.partition("-")
    return int(last or first) - int(first) + 1


@dataclass(frozen=True)
class _Polygon:
    """corners in order, counted right and down from the grid's top left corner."""

    corners: tuple[Point, ...]

    def facts(self) -> list[Statement]:
        return [Statement("corners", ":", self.corners)]

    def area(self) -> tuple[float, list[str]]:
        """The shoelace formula (Gauss)."""
        total, lines = 0, []
        for (x, y), (u, v) in self._sides():
            total += x * v - u * y
            lines.append(f"{x}*{v}-{u}*{y}={x * v - u * y}, {total}")
        return abs(total) / 2, [*lines, f"{abs(total)}/2={number(abs(total) / 2)}"]

    def outline(self) -> tuple[float, list[str]]:
        total, lines = 0, []
        for (x, y), (u, v) in self._sides():
            high, low = (max(x, u), min(x, u)) if y == v else (max(y, v), min(y, v))
            total += high - low
            lines.append(f"{high}-{low}={high - low}, {total}")
        return total, lines

    def _sides(self) -> list[tuple[Point, Point]]:
        return list(zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True))

    def polygons(self) -> list[list[XY]]:
        return [[(float(x), float(y)) for x, y in self.corners]]


def _grown(rng: random.Random, size: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """Squares grown one beside another from a random one."""
    cells = [(rng.randrange(size[0]), rng.randrange(size[1]))]
    while len(cells) < count:
        x, y = rng.choice(cells)
        dx, dy = rng.choice(((1, 0), (-1, 0), (0, 1), (0, -1)))
        new = (x + dx, y + dy)
        if new not in cells and 0 <= new[0] < size[0] and 0 <= new[1] < size[1]:
            cells.append(new)
    return cells


def _squares(rng: random.Random, config: GridAreaConfig, size: tuple[int, int]) -> _Squares:
    """Grown squares, or scattered ones; some are halves at their own place."""
    count = rng.randint(3, min(24, size[0] * size[1] * 2 // 3))
    everywhere = [(x, y) for x in range(size[0]) for y in range(size[1])]
    cells = _grown(rng, size, count) if rng.random() < 0.7 else rng.sample(everywhere, count)
    return _Squares({cell: rng.randrange(4) if rng.random() < config.halves else None for cell in cells})


def _walls(rng: random.Random, config: GridAreaConfig, size: tuple[int, int]) -> _Polygon:
    """The outline of grown squares that touch at no mere corner and enclose no hole."""
    while True:
        cells = _grown(rng, size, rng.randint(4, max(5, size[0] * size[1] // 2)))
        corners = _border(cells)
        if 6 <= len(corners) <= 12:
            return _Polygon(corners)


def _border(cells: list[tuple[int, int]]) -> tuple[Point, ...]:
    """Corners of the outline of squares, clockwise on the page; () where it is not one simple line."""
    step: dict[Point, Point] = {}
    edges = 0
    for x, y in cells:
        ring = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
        beside = ((x, y - 1), (x + 1, y), (x, y + 1), (x - 1, y))
        for start, end, other in zip(ring, [*ring[1:], ring[0]], beside, strict=True):
            if other not in cells:
                step[start], edges = end, edges + 1
    path = [min(step)]
    while step[path[-1]] != path[0] and len(path) < len(step):
        path.append(step[path[-1]])
    if len(path) != edges:
        return ()
    around = zip([path[-1], *path], path, [*path[1:], path[0]], strict=False)
    return tuple(p for a, p, b in around if not (a[0] == p[0] == b[0] or a[1] == p[1] == b[1]))


def _polygon(rng: random.Random, config: GridAreaConfig, size: tuple[int, int]) -> _Polygon:
    """Random grid points in the order of their directions from the middle, no corner too flat."""
    count = rng.randint(*config.corners)
    while True:
        points = rng.sample([(x, y) for x in range(size[0] + 1) for y in range(size[1] + 1)], count)
        cx, cy = (sum(v) / count for v in zip(*points, strict=True))
        points.sort(key=lambda p: math.atan2(p[1] - cy, p[0] - cx))
        around = list(zip([points[-1], *points], points, [*points[1:], points[0]], strict=False))
        turns = [(b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) for a, b, c in around]
        seen = [(a[0] - cx) * (b[1] - cy) - (a[1] - cy) * (b[0] - cx) for a, b, _ in around]
        if min(map(abs, turns)) >= 2 and min(seen) > 0.5 and all(math.dist(a, b) > 1.5 for a, b, _ in around):
            return _Polygon(tuple(points))


SHAPES: dict[str, Callable[..., _Squares | _Polygon]] = {"squares": _squares, "walls": _walls, "polygon": _polygon}


def _picture(rng: random.Random, config: GridAreaConfig, size: tuple[int, int], shape: _Squares | _Polygon, legend: str) -> tuple[Any, Any]:
    """The finished image, with a probe inside each square or on each side of the shape."""
    (wide, high), aspect = size, (size[0] + 0.6) / (size[1] + 0.6 + 1.3 * bool(legend))
    canvas = Canvas(*picture_size(rng, config.size, (0.9 * aspect, 1.1 * aspect)), Style.sample(rng, config.variety, config.renderer))
    unit = min(canvas.width / (wide + 0.6), canvas.height / (high + 0.6 + 1.3 * bool(legend)))
    left, top = (canvas.width - wide * unit) / 2, (canvas.height - (high + 1.3 * bool(legend)) * unit) / 2
    hue = rng.choice(("blue", "green", "orange", "pink", "cyan", "purple", "yellow"))
    fill = mixed(canvas.style.colour(rng, hue), WHITE, rng.choice((0.0, 0.33)))
    pieces = [[(left + x * unit, top + y * unit) for x, y in piece] for piece in shape.polygons()]
    for piece in pieces:
        canvas.polygon(piece, fill)
    line = min(stroke(canvas), 0.1 * unit)
    _grid(canvas, (left, top), size, unit, isinstance(shape, _Polygon) and rng.random() < config.dots)
    if isinstance(shape, _Polygon):
        canvas.polygon(pieces[0], outline=canvas.style.ink, width=max(line, 2.2))
    if legend:
        _legend(canvas, (left, top + (high + 0.35) * unit), 0.7 * unit, legend)
    image = canvas.image(rng)
    return image, _probes(image, shape, pieces, fill, canvas.style.ink)


def _grid(canvas: Canvas, corner: XY, size: tuple[int, int], unit: float, dotted: bool) -> None:
    (left, top), (wide, high) = corner, size
    pale = (150, 150, 150)
    if dotted:
        for x in range(wide + 1):
            for y in range(high + 1):
                canvas.circle((left + x * unit, top + y * unit), max(1.3, 0.06 * unit), pale)
        return
    thin = max(1.0, 0.03 * unit)
    for x in range(wide + 1):
        canvas.line([(left + x * unit, top), (left + x * unit, top + high * unit)], pale, thin)
    for y in range(high + 1):
        canvas.line([(left, top + y * unit), (left + wide * unit, top + y * unit)], pale, thin)


def _legend(canvas: Canvas, at: XY, side: float, text: str) -> None:
    """A small square and what it stands for."""
    (x, y), ink = at, canvas.style.ink
    canvas.polygon([(x, y), (x + side, y), (x + side, y + side), (x, y + side)], outline=ink, width=max(1.0, 0.06 * side))
    canvas.text((x + 1.4 * side, y + side / 2), text, side, anchor="lm")


def _probes(image: Any, shape: _Squares | _Polygon, pieces: list[list[XY]], fill: RGB, ink: RGB) -> tuple[Probe, ...]:
    if isinstance(shape, _Polygon):
        sides = zip(pieces[0], [*pieces[0][1:], pieces[0][0]], strict=True)
        return on_line(image, [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in sides], ink)
    return inside([(sum(x for x, _ in p) / len(p), sum(y for _, y in p) / len(p)) for p in pieces], fill)
