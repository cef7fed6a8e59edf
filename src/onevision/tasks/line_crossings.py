"""Two polylines from the left side of the page to the right: how often do they cross?"""

import random
from dataclasses import dataclass
from typing import Any

from PIL import Image

from onevision.formal import figure
from onevision.formal.figure import Point, Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import PROBE_WIDTH, RGB, XY, Canvas, Style, picture_size, probe_near
from onevision.types import Description

GRID = 12
PALETTE = ("blue", "red", "green", "orange", "purple", "cyan", "brown", "pink", "black")
"""In the order in which the Description names two lines."""

BLINDTEST_COLOURS: dict[str, RGB] = {"blue": (0, 0, 255), "red": (255, 0, 0)}

QUESTIONS = (
    "Count the intersection points where the {a} and {b} lines meet. Put your answer in curly brackets, e.g., {{2}}.",
    "How many times do the {a} and {b} lines touch each other? Answer with a number in curly brackets, e.g., {{5}}.",
    "How many times do the {a} and {b} lines cross?",
    "Count the points where the {a} line crosses the {b} line.",
    "What is the number of intersections of the {a} line and the {b} line?",
    "In how many points do the two lines intersect?",
    "How often does the {a} line meet the {b} line? Answer with a number.",
)


@dataclass(frozen=True)
class LineCrossingsConfig(Config):
    """points: fewest and most points of a line; gap: least difference of height at a shared x, of 12 rows;

    colours: how many of PALETTE occur; blindtest: share of pictures drawn as BlindTest draws them.
    """

    points: tuple[int, int] = (3, 3)
    gap: int = 1
    colours: int = 2
    blindtest: float = 0.3


class LineCrossings(Task):
    """Two lines with points at the same x on a 12×12 grid; at no point have both the same height."""

    name = "line_crossings"
    version = 2
    places = True
    Config = LineCrossingsConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"gap": 3, "blindtest": 0.0, "variety": 0, "size": (224, 448)},
            2: {"gap": 2, "blindtest": 0.3, "variety": 1, "size": (224, 700)},
            3: {"blindtest": 0.8, "variety": 1},
            4: {"points": (3, 4), "colours": 5},
            5: {"points": (3, 5), "colours": len(PALETTE), "blindtest": 0.2},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: LineCrossingsConfig) -> Item:
        blindtest = rng.random() < config.blindtest
        names = _colours(rng, 2 if blindtest else config.colours)
        crossings, first, second = _two_lines(rng, config)
        question = rng.choice(QUESTIONS).format(a=names[0], b=names[1])
        statements = tuple(Statement(f"{name} line", ":", line) for name, line in zip(names, (first, second), strict=False))
        description = Description("figure", figure.write(statements))
        self.claim(description, question)
        image, probes = _picture(rng, config, blindtest, dict(zip(names, (first, second), strict=False)))
        return Item(image, question, str(crossings), description, _steps(first, second), {"query": "count"}, probes=probes)


Line = tuple[Point, ...]
Probes = tuple[tuple[int, int, RGB], ...]


def _colours(rng: random.Random, count: int) -> list[str]:
    if rng.random() < 0.4:
        count = 2
    return sorted(rng.sample(PALETTE[:count], 2), key=PALETTE.index)


def _two_lines(rng: random.Random, config: LineCrossingsConfig) -> tuple[int, Line, Line]:
    """The number of crossings, chosen first and evenly, and two lines that cross so often."""
    points = rng.randint(*config.points)
    crossings = rng.randrange(points)
    changes = set(rng.sample(range(1, points), crossings))
    first_above = rng.random() < 0.5
    first, second = [], []
    for k in range(points):
        first_above ^= k in changes
        high, low = _heights(rng, config.gap)
        x = GRID * k // (points - 1)
        first.append((x, high if first_above else low))
        second.append((x, low if first_above else high))
    return crossings, tuple(first), tuple(second)


def _heights(rng: random.Random, gap: int) -> tuple[int, int]:
    pairs = [(a, b) for a in range(GRID + 1) for b in range(a + gap, GRID + 1)]
    return rng.choice(pairs)


def _steps(first: Line, second: Line) -> str:
    """The heights compared at each x, with a running count of the changes of order."""
    parts, changes, previous = [], 0, ""
    for (x, a), (_, b) in zip(first, second, strict=False):
        sign = "<" if a < b else ">"
        changed = previous not in ("", sign)
        changes += changed
        parts.append(f"{x}: {a}{sign}{b}{f', change {changes}' if changed else ''}.")
        previous = sign
    return f"{' '.join(parts)}\ncrossings: {changes}"


def _picture(rng: random.Random, config: LineCrossingsConfig, blindtest: bool,
             lines: dict[str, Line]) -> tuple[Image.Image, Probes]:  # fmt: skip
    style = (
        Style(width=rng.choice((0.0052, 0.0108))).drawn_by(config.renderer)
        if blindtest
        else Style.sample(rng, config.variety, config.renderer)
    )
    canvas = Canvas(*picture_size(rng, config.size, (1, 1) if blindtest else (0.75, 1.33)), style)
    width = style.width * min(canvas.width, canvas.height) if blindtest else canvas.line_width
    margin = 0.0045
    if not blindtest and config.variety and rng.random() < 0.3:
        margin = rng.uniform(0.03, 0.15)
        _frame(rng, canvas, margin)
    names = list(lines)
    rng.shuffle(names)
    drawn: list[tuple[list[XY], RGB]] = []
    for name in names:
        colour = BLINDTEST_COLOURS[name] if blindtest else style.colour(rng, name)
        drawn.append(([_place(canvas, margin, point) for point in lines[name]], colour))
        canvas.line(*drawn[-1], width)
    image = canvas.image(rng)
    return image, _probes(image, style.page, width, drawn)


def _frame(rng: random.Random, canvas: Canvas, margin: float) -> None:
    """A thin frame, so that heights can be read where the lines do not span the whole page; at times grid lines."""
    gray = (170, 170, 170)
    left, right = _place(canvas, margin, (0, 0)), _place(canvas, margin, (GRID, GRID))
    canvas.polygon([left, (right[0], left[1]), right, (left[0], right[1])], outline=gray, width=1)
    for k in range(2, GRID, 2) if rng.random() < 0.4 else ():
        y = _place(canvas, margin, (0, k))[1]
        canvas.line([(left[0], y), (right[0], y)], (225, 225, 225), 1)


def _place(canvas: Canvas, margin: float, point: Point) -> XY:
    """Where a grid point lies, in pixels."""
    share = (1 - 2 * margin) / GRID
    return (margin + point[0] * share) * canvas.width, (margin + point[1] * share) * canvas.height


def _probes(image: Image.Image, page: RGB, width: float, drawn: list[tuple[list[XY], RGB]]) -> Probes:
    """The points between the ends; where the lines are too thin, the page half-way between the two lines."""
    inner = range(1, len(drawn[0][0]) - 1)
    if width >= PROBE_WIDTH:
        return tuple(probe_near(image, points[k], colour) for points, colour in drawn for k in inner)
    (first, _), (second, _) = drawn
    between = [((p[0] + q[0]) / 2, (p[1] + q[1]) / 2) for p, q in zip(first, second, strict=False)]
    return tuple(probe_near(image, at, page) for at in between)
