"""Squares inside squares: how many are there?"""

import itertools
import math
import random
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from onevision.formal import figure
from onevision.formal.figure import Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import PROBE_WIDTH, RGB, XY, Canvas, Style, picture_size, probe_near
from onevision.tasks.words import opened
from onevision.types import Description

PALETTE = ("red", "green", "blue", "orange", "purple", "pink", "cyan", "brown", "black", "gray")

QUESTIONS = (
    "Count total number of squares in the image. Answer with only the number in numerical format in curly brackets e.g. {3}.",
    "How many squares are in the image? Please answer with a number in curly brackets e.g., {10}.",
    "How many squares are there?",
    "Count the squares.",
    "What is the number of squares in the picture?",
    "How many squares do you see, counting the outermost one?",
    "How many nested squares does the picture show?",
)


@dataclass(frozen=True)
class NestedSquaresConfig(Config):
    """squares: fewest and most; side: of the outermost, as a share of the picture's shorter side;

    shrink, less: a square's side is `shrink` of the one around it minus `less` of the picture's side; wander: how far
    off the middle it may be, 1.0 nearly to touching; blindtest: share of pictures drawn as BlindTest draws them.
    """

    squares: tuple[int, int] = (2, 5)
    side: tuple[float, float] = (0.2, 0.9)
    shrink: tuple[float, float] = (0.6, 0.85)
    less: float = 0.0
    wander: float = 1.0
    blindtest: float = 0.3


@dataclass(frozen=True)
class Square:
    """centre and side in pixels."""

    centre: XY
    side: float


class NestedSquares(Task):
    """Outlined squares, each inside the one before at a random offset, none touching another."""

    name = "nested_squares"
    version = 2
    Config = NestedSquaresConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"squares": (1, 4), "side": (0.7, 0.9), "shrink": (0.65, 0.75), "wander": 0.6, "blindtest": 0.0,
                "variety": 0, "size": (224, 448)},
            2: {"side": (0.4, 0.9), "variety": 1, "size": (224, 700)},
            3: {"blindtest": 0.8, "variety": 1},
            4: {"squares": (2, 6)},
            5: {"squares": (3, 8), "side": (0.25, 0.95), "shrink": (0.65, 0.9), "blindtest": 0.2},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: NestedSquaresConfig) -> Item:
        count = rng.randint(*config.squares)
        names = [str(k) for k in range(1, count + 1)]
        description = Description("figure", figure.write((Statement(names[0], ">", tuple(names[1:])),)))
        question = self.worded(description, lambda: opened(rng, rng.choice(QUESTIONS)))
        image, probes = _picture(rng, config, count)
        steps = f"squares, one inside the other: {count}" if count > 1 else "squares: 1"
        return Item(image, question, str(count), description, steps, {"query": "count"}, probes=probes)


Probes = tuple[tuple[int, int, RGB], ...]


def _picture(rng: random.Random, config: NestedSquaresConfig, count: int) -> tuple[Image.Image, Probes]:
    if rng.random() < config.blindtest:
        style, aspect = Style(width=rng.choice((0.003, 0.0045, 0.006))).drawn_by(config.renderer), (1.0, 1.0)
        config = replace(config, side=(0.2, 0.4), shrink=(0.75, 0.75), less=0.018, wander=1.0, variety=0)
        thinnest = 0.0
    else:
        style, aspect, thinnest = Style.sample(rng, config.variety, config.renderer), (0.75, 1.33), 1.0
    canvas = Canvas(*picture_size(rng, config.size, aspect), style)
    page = min(canvas.width, canvas.height)
    width = max(thinnest, min(style.width, 0.035) * page)
    wild = config.variety > 1
    turn = math.radians(rng.uniform(-20, 20)) if wild and rng.random() < 0.2 else 0.0
    squares = _somewhere(rng, canvas, _nest(rng, config, count, page / _extent(turn), width), width, turn)
    colours = _colours(rng, style, config.variety, count)
    fills = _fills(rng, count) if wild and rng.random() < 0.25 else [None] * count
    for square, colour, fill in zip(squares, colours, fills, strict=False):
        canvas.polygon([_turned(corner, squares[0].centre, turn) for corner in _corners(square)], fill, colour, width)
    image = canvas.image(rng)
    return image, _probes(image, squares, colours, fills[-1] or style.page, style.page, width, turn)


def _nest(rng: random.Random, config: NestedSquaresConfig, count: int, page: float, width: float) -> list[Square]:
    """Sides first, grown together until the smallest can be seen, then offsets; the first centre is (0, 0)."""
    room = width + 2.4  # between the middles of two parallel lines
    sides = _sides(rng, config, count, page, width)
    squares = [Square((0.0, 0.0), sides[0])]
    for inner in sides[1:]:
        (x, y), slack = squares[-1].centre, config.wander * max(0.0, (squares[-1].side - inner) / 2 - room)
        squares.append(Square((x + rng.uniform(-slack, slack), y + rng.uniform(-slack, slack)), inner))
    return squares


def _sides(rng: random.Random, config: NestedSquaresConfig, count: int, page: float, width: float) -> list[float]:
    least, step, most = 3 * width + 4.5, 2 * width + 5.8, 0.93 * page
    shrink, outer = rng.uniform(*config.shrink), page * rng.uniform(*config.side)
    while True:
        sides = [outer]
        for _ in range(count - 1):
            sides.append(sides[-1] * shrink - config.less * page)
        if sides[-1] >= least and all(a - b >= step for a, b in itertools.pairwise(sides)):
            return sides
        if outer >= most:
            # Too many for this ratio: as evenly as the page allows.
            return [most - k * (most - least) / (count - 1) for k in range(count)]
        outer = min(1.06 * outer, most)


def _somewhere(rng: random.Random, canvas: Canvas, squares: list[Square], width: float, turn: float) -> list[Square]:
    """The nest moved to a random place where it is wholly on the page, turned as it may be."""
    half = squares[0].side / 2 * _extent(turn) + width / 2 + 1
    x, y = (rng.uniform(half, side - half) for side in (canvas.width, canvas.height))
    return [Square((x + s.centre[0], y + s.centre[1]), s.side) for s in squares]


def _extent(angle: float) -> float:
    """Width of a turned square as a multiple of its side."""
    return abs(math.cos(angle)) + abs(math.sin(angle))


def _colours(rng: random.Random, style: Style, variety: int, count: int) -> list[RGB]:
    """The style's ink for all; where there is variety sometimes one colour, or a colour for each."""
    kind = rng.random() if variety else 1.0
    if kind < 0.25:
        return [style.colour(rng, rng.choice(PALETTE)) for _ in range(count)]
    if kind < 0.45:
        return [style.colour(rng, rng.choice(PALETTE))] * count
    return [style.ink] * count


def _fills(rng: random.Random, count: int) -> list[RGB | None]:
    """Pale fills."""
    return [(rng.randint(190, 255), rng.randint(190, 255), rng.randint(190, 255)) for _ in range(count)]


def _corners(square: Square) -> list[XY]:
    (x, y), h = square.centre, square.side / 2
    return [(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h)]


def _turned(point: XY, middle: XY, angle: float) -> XY:
    """A point turned about `middle`."""
    dx, dy = point[0] - middle[0], point[1] - middle[1]
    cos, sin = math.cos(angle), math.sin(angle)
    return middle[0] + dx * cos - dy * sin, middle[1] + dx * sin + dy * cos


def _probes(image: Image.Image, squares: list[Square], colours: list[RGB], inner: RGB, page: RGB, width: float, turn: float) -> Probes:
    """The middle of the innermost square, and of every square's upper side where the line fills a pixel."""
    middle = squares[0].centre
    inside = probe_near(image, _turned(squares[-1].centre, middle, turn), inner)
    if width < PROBE_WIDTH:
        return inside, probe_near(image, (1.0, 1.0), page)
    tops = [_turned((s.centre[0], s.centre[1] - s.side / 2), middle, turn) for s in squares]
    return (inside, *(probe_near(image, top, colour) for top, colour in zip(tops, colours, strict=False)))
