"""Two circles that overlap, just touch, or stand apart: which is it?"""

import math
import random
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from onevision.formal import figure
from onevision.formal.figure import Point, Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import PROBE_WIDTH, RGB, XY, Canvas, Style, picture_size, probe_near
from onevision.tasks.words import opened
from onevision.types import Description

GRID = 10
PALETTE = ("blue", "pink", "red", "green", "orange", "purple", "black", "yellow", "cyan", "brown")
"""In the order in which the Description names two circles."""

BLINDTEST_COLOURS: dict[str, RGB] = {"blue": (0, 117, 255), "pink": (234, 0, 255)}

QUESTIONS = {
    "touching": (
        "Are the two circles touching each other? Answer with Yes/No.",
        "Are the two circles touching?",
        "Do the circles touch each other?",
        "Does the {a} circle touch the {b} circle?",
        "Do the two circles meet? Answer yes or no.",
        "Is the {a} circle in contact with the {b} circle? Answer with Yes/No.",
    ),
    "overlapping": (
        "Are the two circles overlapping? Answer with Yes/No.",
        "Are the two circles overlapping?",
        "Do the circles overlap?",
        "Does the {a} circle overlap the {b} circle?",
        "Do the two circles share some area? Answer yes or no.",
        "Do the {a} circle and the {b} circle overlap? Answer with Yes/No.",
    ),
}
STEPS = {
    ("touching", "overlaps"): "They overlap, so they touch.",
    ("touching", "touches"): "They touch.",
    ("touching", "apart from"): "They are apart, so they do not touch.",
    ("overlapping", "overlaps"): "They overlap.",
    ("overlapping", "apart from"): "They are apart, so they do not overlap.",
}


@dataclass(frozen=True)
class TwoCirclesConfig(Config):
    """diameter: of the picture's shorter side; gap: distance between the edges, or depth of the overlap, in diameters;

    ratio: smallest radius ratio of the two; touch: share of exact touching among the touching; colours: how many of
    PALETTE occur; blindtest: share of pictures drawn as BlindTest draws them.
    """

    diameter: tuple[float, float] = (0.12, 0.4)
    gap: tuple[float, float] = (0.05, 0.3)
    ratio: float = 0.6
    touch: float = 0.3
    colours: int = 10
    blindtest: float = 0.3


@dataclass(frozen=True)
class Circle:
    """centre and radius in pixels."""

    colour: str
    centre: XY
    radius: float


class TwoCircles(Task):
    """Two circles of different colours, filled or outlined. Circles that overlap count as touching."""

    name = "two_circles"
    version = 2
    places = True
    Config = TwoCirclesConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"diameter": (0.25, 0.4), "gap": (0.2, 0.4), "ratio": 1.0, "touch": 0.0, "colours": 2, "blindtest": 0.0,
                "variety": 0, "size": (224, 448)},
            2: {"diameter": (0.15, 0.35), "gap": (0.12, 0.35), "touch": 0.0, "colours": 5, "variety": 1,
                "size": (224, 700)},
            3: {"diameter": (0.12, 0.3), "touch": 0.0, "blindtest": 0.8, "variety": 1},
            4: {},
            5: {"diameter": (0.08, 0.35), "gap": (0.03, 0.15), "ratio": 0.3, "touch": 0.5},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: TwoCirclesConfig) -> Item:
        blindtest = rng.random() < config.blindtest
        query, yes = rng.choice(("touching", "overlapping")), rng.random() < 0.5
        relation = "overlaps" if yes else "apart from"
        if yes and query == "touching" and rng.random() < config.touch:
            relation = "touches"
        size = picture_size(rng, config.size, (1, 1) if blindtest else (0.75, 1.33))
        names = sorted(rng.sample(PALETTE[: 2 if blindtest else config.colours], 2), key=PALETTE.index)
        circles = (_as_blindtest if blindtest else _somewhere)(rng, config, size, names, relation)
        description = Description("figure", _describe(circles, size, relation))
        question = self.worded(description, lambda: opened(rng, rng.choice(QUESTIONS[query]).format(a=names[0], b=names[1])))
        image, probes = _picture(rng, config, blindtest, size, circles)
        self.claim_picture(image)
        return Item(
            image,
            question,
            "Yes" if yes else "No",
            description,
            STEPS[query, relation],
            {"query": query},
            probes=probes,
        )


def _describe(circles: tuple[Circle, Circle], size: tuple[int, int], relation: str) -> str:
    first, second = (f"{circle.colour} circle" for circle in circles)
    places = [Statement(name, ":", (_cell(c.centre, size),)) for name, c in zip((first, second), circles, strict=False)]
    return figure.write((*places, Statement(first, relation, (second,))))


def _cell(centre: XY, size: tuple[int, int]) -> Point:
    """Column and row of the 10×10 grid over the page; what lies on a grid line belongs to the cell after it."""
    column, row = (int(GRID * v / side + 1e-6) for v, side in zip(centre, size, strict=False))
    return column, row


def _distance(rng: random.Random, gap: float, relation: str, first: float, second: float) -> float:
    """Between the centres of two radii in pixels. A gap or an overlap is never less than 1.2 pixels."""
    if relation == "touches":
        return first + second
    gap = max(gap * (first + second), 1.2)
    if relation == "apart from":
        return first + second + gap
    # No circle may cover the other's centre.
    return max(first + second - gap, 1.02 * max(first, second))


def _as_blindtest(rng: random.Random, config: TwoCirclesConfig, size: tuple[int, int], names: list[str],
                  relation: str) -> tuple[Circle, Circle]:  # fmt: skip
    """Two equal circles about the middle of the page, side by side, one above the other or on a diagonal."""
    side = min(size)
    radius = side * rng.uniform(0.14, 0.17) / 2
    apart = _distance(rng, rng.choice((0.05, 0.1, 0.15)), relation, radius, radius) / 2
    slant = math.sqrt(0.5)
    dx, dy = rng.choice(((-1.0, 0.0), (0.0, 1.0), (-slant, -slant), (-slant, slant)))
    x, y = size[0] / 2, size[1] / 2
    first = Circle(names[0], (x + dx * apart, y + dy * apart), radius)
    return first, Circle(names[1], (x - dx * apart, y - dy * apart), radius)


def _somewhere(rng: random.Random, config: TwoCirclesConfig, size: tuple[int, int], names: list[str],
               relation: str) -> tuple[Circle, Circle]:  # fmt: skip
    """Two circles anywhere on the page, their centres clear of the grid's lines if a few tries give that."""
    side = min(size)
    large = side * math.exp(rng.uniform(*map(math.log, config.diameter))) / 2
    radii = [large, max(large * rng.uniform(config.ratio, 1), 0.03 * side)]
    rng.shuffle(radii)
    apart = _distance(rng, rng.uniform(*config.gap), relation, *radii)
    found = [circles for _ in range(20) if (circles := _try(rng, size, names, radii, apart))]
    clear = [circles for circles in found if all(0.12 < v < 0.88 for c in circles for v in _within_cell(c, size))]
    return (clear or found or [_shrunk(size, names, radii, apart)])[0]


def _within_cell(circle: Circle, size: tuple[int, int]) -> tuple[float, ...]:
    """How far across and down its cell a circle's centre lies, 0 to 1."""
    return tuple(GRID * v / side % 1 for v, side in zip(circle.centre, size, strict=False))


def _try(rng: random.Random, size: tuple[int, int], names: list[str], radii: list[float], apart: float,
         angle: float | None = None) -> tuple[Circle, Circle] | None:  # fmt: skip
    angle = rng.uniform(0, 2 * math.pi) if angle is None else angle
    step = (apart * math.cos(angle), apart * math.sin(angle))
    # Where the first centre may lie so that both circles keep to the page.
    spans = [(max(radii[0], radii[1] - d), s - max(radii[0], radii[1] + d)) for d, s in zip(step, size, strict=False)]
    if any(low >= high for low, high in spans):
        return None
    x, y = (rng.uniform(low, high) for low, high in spans)
    return Circle(names[0], (x, y), radii[0]), Circle(names[1], (x + step[0], y + step[1]), radii[1])


def _shrunk(size: tuple[int, int], names: list[str], radii: list[float], apart: float) -> tuple[Circle, Circle]:
    """Side by side in the middle of the page, all lengths scaled to fit its width."""
    scale = min(1.0, 0.95 * size[0] / (sum(radii) + apart), 0.95 * size[1] / (2 * max(radii)))
    total = (sum(radii) + apart) * scale
    left = (size[0] - total) / 2
    first = Circle(names[0], (left + radii[0] * scale, size[1] / 2), radii[0] * scale)
    second = Circle(names[1], (left + total - radii[1] * scale, size[1] / 2), radii[1] * scale)
    return first, second


def _picture(rng: random.Random, config: TwoCirclesConfig, blindtest: bool, size: tuple[int, int],
             circles: tuple[Circle, Circle]) -> tuple[Image.Image, tuple[tuple[int, int, RGB], ...]]:  # fmt: skip
    style = Style().drawn_by(config.renderer) if blindtest else Style.sample(rng, config.variety, config.renderer)
    if style.smooth == 1:
        # Hard edges would blur the difference between touching and a gap of one pixel.
        style = replace(style, smooth=2)
    canvas = Canvas(*size, style)
    colours = [BLINDTEST_COLOURS[c.colour] if blindtest else style.colour(rng, c.colour) for c in circles]
    outlined = not blindtest and config.variety > 0 and rng.random() < 0.4
    width = min(canvas.line_width, 0.5 * min(c.radius for c in circles))
    order = [0, 1] if blindtest or rng.random() < 0.5 else [1, 0]
    for k in order:
        if outlined:
            canvas.circle(circles[k].centre, circles[k].radius, outline=colours[k], width=width)
        else:
            canvas.circle(circles[k].centre, circles[k].radius, colours[k])
    image = canvas.image(rng)
    depth = width / 2 if outlined else min(c.radius for c in circles) * 0.6
    if outlined and width < PROBE_WIDTH:
        return image, tuple(probe_near(image, circle.centre, style.page) for circle in circles)
    return image, tuple(probe_near(image, _far_side(circles, k, depth), colours[k]) for k in order)


def _far_side(circles: tuple[Circle, Circle], k: int, depth: float) -> XY:
    """The point of circle k `depth` inside its edge, on the side away from the other circle."""
    (x, y), other, radius = circles[k].centre, circles[1 - k].centre, circles[k].radius
    share = (radius - depth) / math.dist((x, y), other)
    return x + (x - other[0]) * share, y + (y - other[1]) * share
