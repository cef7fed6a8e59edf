"""Outlined shapes in one to three rows, overlapping like the Olympic rings: how many are there?"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from onevision.formal import figure
from onevision.formal.figure import Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import PROBE_WIDTH, RGB, XY, Canvas, Style, picture_size, probe_near, regular_polygon
from onevision.tasks.words import opened
from onevision.types import Description

CORNERS = {"circle": 0, "pentagon": 5, "hexagon": 6, "square": 4, "triangle": 3}
EXTENT = {
    "circle": (2.0, 2.0),
    "pentagon": (1.902, 1.809),
    "hexagon": (1.732, 2.0),
    "square": (1.414, 1.414),
    "triangle": (1.732, 1.5),
}
"""Width and height of a shape whose corners lie on a circle of radius 1."""

TAB10: tuple[RGB, ...] = (
    (31, 119, 180),
    (255, 127, 14),
    (44, 160, 44),
    (214, 39, 40),
    (148, 103, 189),
    (140, 86, 75),
    (227, 119, 194),
)
PALETTE = ("red", "green", "blue", "orange", "purple", "pink", "cyan", "brown", "black")

QUESTIONS = (
    "How many {shapes} are in the image? Answer with only the number in numerical format.",
    "Count the {shapes} in the image. Answer with a number in curly brackets e.g. {{3}}.",
    "How many {shapes} are there?",
    "Count the {shapes}.",
    "What is the number of {shapes} in the picture?",
    "How many {shapes} do you see in the image?",
)


@dataclass(frozen=True)
class OverlappingShapesConfig(Config):
    """objects: fewest and most shapes; shapes: how many of CORNERS occur; rows: most rows; overlap: whether shapes may;

    diameter: of the picture's shorter side, made smaller where the rows would not fit; blindtest: share of pictures
    drawn as BlindTest draws them.
    """

    objects: tuple[int, int] = (2, 9)
    shapes: int = 5
    rows: int = 3
    overlap: bool = True
    diameter: tuple[float, float] = (0.09, 0.3)
    blindtest: float = 0.3


@dataclass(frozen=True)
class Layout:
    """radius: of the circle through the corners; rows: the centres, row by row; both in pixels."""

    shape: str
    radius: float
    rows: tuple[tuple[XY, ...], ...]


class OverlappingShapes(Task):
    """Equal outlines in rows, every second row half a place aside; black, or each its own colour."""

    name = "overlapping_shapes"
    version = 2
    Config = OverlappingShapesConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"objects": (1, 4), "shapes": 2, "rows": 1, "overlap": False, "diameter": (0.18, 0.3), "blindtest": 0.0,
                "variety": 0, "size": (224, 448)},
            2: {"objects": (1, 6), "shapes": 2, "rows": 2, "diameter": (0.12, 0.3), "variety": 1, "size": (224, 700)},
            3: {"shapes": 2, "rows": 2, "blindtest": 0.8, "variety": 1},
            4: {},
            5: {"objects": (3, 14), "diameter": (0.07, 0.3), "blindtest": 0.2},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: OverlappingShapesConfig) -> Item:
        blindtest = rng.random() < config.blindtest
        shape = rng.choice(tuple(CORNERS)[: 2 if blindtest else config.shapes])
        total = rng.randint(*config.objects)
        counts = rng.choice(_ways(total)[1]) if blindtest and total > 3 else _rows(rng, total, config.rows)
        statements = tuple(Statement(f"row {k}", ":", (shape,) * count) for k, count in enumerate(counts, start=1))
        description = Description("figure", figure.write(statements))
        question = self.worded(description, lambda: opened(rng, rng.choice(QUESTIONS).format(shapes=f"{shape}s")))
        size = picture_size(rng, config.size, (1, 1) if blindtest else (0.75, 1.33))
        layout = (_as_blindtest if blindtest else _somewhere)(rng, config, size, shape, counts)
        image, probes = _picture(rng, config, blindtest, size, layout)
        self.claim_picture(image)
        steps = f"{'+'.join(map(str, counts))}={total}" if len(counts) > 1 else f"one row: {total}"
        return Item(image, question, str(total), description, steps, {"query": "count", "shape": shape}, probes=probes)


def _rows(rng: random.Random, total: int, most: int) -> tuple[int, ...]:
    """How many shapes each row has: rows differ by at most one, and at most seven are in a row."""
    ways = [rows for way in _ways(total)[:most] for rows in way if max(rows) <= 7]
    return rng.choice(ways or _ways(total)[1])


def _ways(total: int) -> list[list[tuple[int, ...]]]:
    """The ways to write a total as one, two and three rows."""
    half = total // 2
    two: list[tuple[int, ...]] = [(half, total - half)] if total % 2 == 0 else [(half, half + 1), (half + 1, half)]
    three: list[tuple[int, ...]] = [(a, total - 2 * a, a) for a in range(1, total) if total - 2 * a > 0 and abs(total - 3 * a) <= 1]
    return [[(total,)], [rows for rows in two if min(rows) > 0], three]


def _as_blindtest(rng: random.Random, config: OverlappingShapesConfig, size: tuple[int, int], shape: str,
                  counts: tuple[int, ...]) -> Layout:  # fmt: skip
    """Small shapes about the middle of the page, the rows so close that each cuts into the next."""
    side = min(size)
    radius = side * (0.05 if shape == "circle" else 0.0607)
    spacing, down = (2.14, 1.06) if shape == "circle" else (2.03, 1.15)
    # Their first row is centred at two fifths of the page's height.
    return Layout(shape, radius, _centres((size[0] / 2, 0.4 * size[1]), counts, spacing * radius, down * radius))


def _somewhere(rng: random.Random, config: OverlappingShapesConfig, size: tuple[int, int], shape: str,
               counts: tuple[int, ...]) -> Layout:  # fmt: skip
    """Rows anywhere on the page. Triangles never overlap, which would make more triangles, nor do a row's squares."""
    wide, high = EXTENT[shape]
    chained = config.overlap and shape not in ("square", "triangle") and rng.random() < 0.5
    spacing = wide * (rng.uniform(0.64, 0.9) if chained else rng.uniform(1.04, 1.25))
    crossing = config.overlap and shape != "triangle" and (chained or rng.random() < 0.8)
    down = high * (rng.uniform(0.48, 0.8) if crossing else rng.uniform(1.08, 1.3))
    across, deep = wide + spacing * (max(counts) - 0.5), high + down * (len(counts) - 1)
    radius = min(min(size) * rng.uniform(*config.diameter) / 2, 0.92 * size[0] / across, 0.92 * size[1] / deep)
    rows = _centres((0, 0), counts, spacing * radius, down * radius)
    flat = [centre for row in rows for centre in row]
    # Where the rows' origin may lie so that all shapes keep to the page.
    edge = 1.1 * radius + 1
    spans = [(edge - min(values), side - edge - max(values)) for values, side in zip(zip(*flat, strict=False), size, strict=False)]
    x, y = (rng.uniform(low, high) if low < high else (low + high) / 2 for low, high in spans)
    return Layout(shape, radius, tuple(tuple((x + dx, y + dy) for dx, dy in row) for row in rows))


def _centres(top: XY, counts: tuple[int, ...], spacing: float, down: float) -> tuple[tuple[XY, ...], ...]:
    """The centres of rows, the first centred on `top`; rows of the same length are half a place aside."""
    rows = []
    for k, count in enumerate(counts):
        aside = spacing / 2 if k % 2 and count == counts[0] else 0.0
        left = top[0] - spacing * (count - 1) / 2 + aside
        rows.append(tuple((left + i * spacing, top[1] + k * down) for i in range(count)))
    return tuple(rows)


def _picture(rng: random.Random, config: OverlappingShapesConfig, blindtest: bool, size: tuple[int, int],
             layout: Layout) -> tuple[Image.Image, tuple[tuple[int, int, RGB], ...]]:  # fmt: skip
    style = (
        Style(width=rng.uniform(0.0028, 0.0042)).drawn_by(config.renderer)
        if blindtest
        else Style.sample(rng, config.variety, config.renderer)
    )
    canvas = Canvas(*size, style)
    width = style.width * min(size) if blindtest else min(canvas.line_width, max(1.0, 0.16 * layout.radius))
    centres = [centre for row in layout.rows for centre in row]
    colours = _colours(rng, style, blindtest, config.variety, len(centres))
    for centre, colour in zip(centres, colours, strict=False):
        _outline(canvas, layout, centre, colour, width)
    image = canvas.image(rng)
    if width < PROBE_WIDTH:
        return image, tuple(probe_near(image, point, style.page) for point in ((1.0, 1.0), *layout.rows[0]))
    tops = [_top(layout, centre) for centre in layout.rows[0]]
    page = probe_near(image, (1.0, 1.0), style.page)
    return image, (page, *(probe_near(image, top, colour) for top, colour in zip(tops, colours, strict=False)))


def _colours(rng: random.Random, style: Style, blindtest: bool, variety: int, count: int) -> list[RGB]:
    """One ink for all, or in half of the pictures a colour for each."""
    if rng.random() < 0.5:
        coloured = variety > 1 and not blindtest and rng.random() < 0.3
        return [style.colour(rng, rng.choice(PALETTE)) if coloured else style.ink] * count
    several: Sequence[RGB] = TAB10 if blindtest else [style.colour(rng, name) for name in PALETTE]
    several = rng.sample(several, len(several))
    return [several[k % len(several)] for k in range(count)]


def _outline(canvas: Canvas, layout: Layout, centre: XY, colour: RGB, width: float) -> None:
    if layout.shape == "circle":
        canvas.circle(centre, layout.radius + width / 2, outline=colour, width=width)
    else:
        canvas.polygon(_corners(layout, centre), outline=colour, width=width)


def _corners(layout: Layout, centre: XY) -> list[XY]:
    corners = CORNERS[layout.shape]
    return regular_polygon(centre, layout.radius, corners, -math.pi * (0.75 if corners == 4 else 0.5))


def _top(layout: Layout, centre: XY) -> XY:
    """The highest point of an outline; a square's upper left corner."""
    if layout.shape == "circle":
        return centre[0], centre[1] - layout.radius
    return _corners(layout, centre)[0]
