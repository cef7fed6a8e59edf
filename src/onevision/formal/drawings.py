"""Pictures of Descriptions, plain and without chance: what `formal.draw` draws, and the extractors read again."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from onevision.errors import InputError

RGB = tuple[int, int, int]
XY = tuple[float, float]
MAX_SIDE = 4000
EM = 22
COLOURS: dict[str, RGB] = {
    "red": (220, 30, 35), "green": (35, 155, 55), "blue": (30, 80, 215), "yellow": (245, 205, 20), "orange": (250, 130, 20),
    "purple": (130, 60, 180), "pink": (245, 110, 185), "cyan": (25, 190, 210), "teal": (0, 128, 128), "brown": (130, 80, 45),
    "gray": (130, 130, 130), "black": (20, 20, 20),
}  # fmt: skip
"""Colour words and the middle of what they name."""

_INK, _PAGE, _PAD = (0, 0, 0), (255, 255, 255), 14


@cache
def _font(size: int = EM) -> ImageFont.FreeTypeFont:
    spec = find_spec("matplotlib")
    assert spec and spec.origin, "matplotlib is a dependency of ours"
    return ImageFont.truetype(str(Path(spec.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"), size)


def _blank(width: float, height: float) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    if max(width, height) > MAX_SIDE:
        raise InputError(f"a drawing of {round(width)} x {round(height)} pixels is too large; {MAX_SIDE} is the longest side")
    image = Image.new("RGB", (max(32, math.ceil(width)), max(32, math.ceil(height))), _PAGE)
    return image, ImageDraw.Draw(image)


def table(rows: Sequence[Sequence[str]]) -> Image.Image:
    """Cells with rules round them; columns as wide as their widest cell."""
    font = _font()
    flat = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(font.getlength(row[k]) for row in flat) + 2 * _PAD + EM for k in range(len(flat[0]))]
    high, edges = 2 * EM, list(accumulate(widths, initial=_PAD))
    image, draw = _blank(edges[-1] + _PAD, len(flat) * high + 2 * _PAD)
    for r, row in enumerate(flat):
        for c, cell in enumerate(row):
            draw.text((edges[c] + _PAD, _PAD + (r + 0.5) * high), cell, _INK, font, "lm")
    for y in range(len(flat) + 1):
        draw.line([(edges[0], _PAD + y * high), (edges[-1], _PAD + y * high)], _INK, 2)
    for x in edges:
        draw.line([(x, _PAD), (x, _PAD + len(flat) * high)], _INK, 2)
    return image


def bars(values: Mapping[str, float], title: str) -> Image.Image:
    """Upright bars over their labels, beside an axis with numbers. Raises InputError for negative or endless values."""
    if not all(0 <= value < 1e9 for value in values.values()):
        raise InputError("a bar chart is drawn of values from 0 to a thousand million")
    font, step = _font(), nice_step(max(values.values()) or 1.0)
    ticks = math.ceil(max(*values.values(), step) / step)
    slot = max(3 * EM, max(font.getlength(label) for label in values) + EM)
    left, top, high = font.getlength(f"{ticks * step:g}") + 3 * _PAD, 2 * EM, 14 * EM
    image, draw = _blank(left + slot * len(values) + _PAD, top + high + 3 * EM)
    draw.text((image.width / 2, EM), title, _INK, font, "mm")
    for k in range(ticks + 1):
        y = top + high - k * high / ticks
        draw.line([(left - 6, y), (left, y)], _INK, 2)
        draw.text((left - 12, y), f"{k * step:g}", _INK, font, "rm")
    for k, (label, value) in enumerate(values.items()):
        x = left + (k + 0.5) * slot
        end = top + high - value / (ticks * step) * high
        draw.rectangle((x - 0.3 * slot, end, x + 0.3 * slot, top + high), COLOURS["blue"])
        draw.text((x, top + high + EM), label, _INK, font, "mm")
    draw.line([(left, top), (left, top + high), (image.width - _PAD, top + high)], _INK, 2)
    return image


def nice_step(top: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that makes at most eight ticks up to `top`; 1 where that is next to nothing."""
    power = 10.0 ** math.floor(math.log10(top / 8)) if top > 1e-300 else 1.0
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power * 8 >= top)


def circuit(elements: Sequence[tuple[str, Sequence[str]]]) -> Image.Image:
    """A circuit as rails and columns: every node a horizontal rail with its name at the left, every element its text in a box on
    top with one wire for each pin, in order, down to the rail it is on."""
    font = _font()
    nodes = list(dict.fromkeys(node for _, pins in elements for node in pins))
    left = max((font.getlength(node) for node in nodes), default=0) + 3 * _PAD
    top, pitch = 3 * EM, 2.2 * EM
    widths = [max(font.getlength(text) + 2 * _PAD, (len(pins) + 1) * EM) for text, pins in elements]
    image, draw = _blank(left + sum(widths) + _PAD * (len(widths) + 1), top + pitch * (len(nodes) + 1))
    rails = {node: top + pitch * (k + 1) for k, node in enumerate(nodes)}
    for node, y in rails.items():
        draw.text((_PAD, y), node, _INK, font, "lm")
        draw.line([(left, y), (image.width - _PAD, y)], (150, 150, 150), 2)
    x = left + _PAD
    for (text, pins), wide in zip(elements, widths, strict=True):
        draw.rectangle((x, _PAD, x + wide, top), outline=_INK, width=2)
        draw.text((x + wide / 2, (_PAD + top) / 2), text, _INK, font, "mm")
        for k, pin in enumerate(pins):
            at = x + (k + 1) * wide / (len(pins) + 1)
            draw.line([(at, top), (at, rails[pin])], COLOURS["blue"], 3)
        x += wide + _PAD
    return image


def shapes(objects: Sequence[tuple[str, str, int, int]], grid: int) -> Image.Image:
    """(colour, shape, column, row) each in the middle of its cell of a grid x grid page. Raises InputError for an unknown one."""
    cell = min(100, MAX_SIDE // grid)
    image, draw = _blank(cell * grid, cell * grid)
    for colour, shape, column, row in objects:
        if colour not in COLOURS or shape not in OUTLINES:
            raise InputError(f"a {colour} {shape} cannot be drawn: {', '.join(COLOURS)}; {', '.join(OUTLINES)}")
        x, y, radius = (column + 0.5) * cell, (row + 0.5) * cell, 0.4 * cell
        draw.polygon([(x + radius * dx, y + radius * dy) for dx, dy in OUTLINES[shape]], COLOURS[colour])
    return image


def _ring(corners: int, turn: float, dent: float = 1.0) -> list[XY]:
    """Corners of a regular polygon of radius 1, every second one pulled in to `dent`; turn: of the first, radians, y down."""
    angles = [turn + 2 * math.pi * k / corners for k in range(corners)]
    return [((dent if k % 2 else 1.0) * math.cos(a), (dent if k % 2 else 1.0) * math.sin(a)) for k, a in enumerate(angles)]


_UP = -math.pi / 2
OUTLINES: dict[str, list[XY]] = {
    "circle": _ring(72, _UP),
    "square": _ring(4, _UP / 2),
    "rectangle": [(-1.0, -0.6), (1.0, -0.6), (1.0, 0.6), (-1.0, 0.6)],
    "triangle": _ring(3, _UP),
    "star": _ring(10, _UP, 0.42),
    "diamond": _ring(4, _UP),
    "cross": [
        (-.35, -1), (.35, -1), (.35, -.35), (1, -.35), (1, .35), (.35, .35), (.35, 1), (-.35, 1), (-.35, .35), (-1, .35), (-1, -.35),
        (-.35, -.35),
    ],
}  # fmt: skip
"""Shape -> its corners in a circle of radius 1, y down."""


def polylines(lines: Mapping[str, Sequence[tuple[int, int]]], grid: int) -> Image.Image:
    """Coloured lines through points of a grid that covers the page; y runs down. Raises InputError for an unknown colour."""
    side = 600
    image, draw = _blank(side, side)
    unit = (side - 1) / grid
    for colour, points in lines.items():
        if colour not in COLOURS:
            raise InputError(f"a {colour} line cannot be drawn: {', '.join(COLOURS)}")
        draw.line([(x * unit, y * unit) for x, y in points], COLOURS[colour], 5, joint="curve")
    return image


def circles(places: Mapping[str, tuple[int, int]], relation: str, grid: int) -> Image.Image:
    """Two filled circles of one size, their centres in cells of a grid x grid page, far enough apart or near enough for the relation.

    relation: overlaps, touches or apart from. Raises InputError when both are in one cell and do not overlap.
    """
    side = 600
    image, draw = _blank(side, side)
    unit = side / grid
    centres = [((x + 0.5) * unit, (y + 0.5) * unit) for x, y in places.values()]
    apart = math.dist(*centres)
    if not apart and relation != "overlaps":
        raise InputError(f"two circles in one cell cannot be drawn {relation}")
    radius = {"overlaps": 0.62 * max(apart, 0.5 * unit), "touches": 0.5 * apart + 0.5, "apart from": 0.35 * apart}[relation]
    for (x, y), colour in zip(centres, places, strict=True):
        if colour not in COLOURS:
            raise InputError(f"a {colour} circle cannot be drawn: {', '.join(COLOURS)}")
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=COLOURS[colour], width=4)
    return image


def nest(count: int) -> Image.Image:
    """So many square outlines, each inside the one before. Raises InputError for more than 20."""
    if count > 20:
        raise InputError(f"{count} squares inside each other are too many to draw; 20 are the most")
    side = 40 + 28 * count
    image, draw = _blank(side, side)
    for k in range(count):
        draw.rectangle((10 + 13 * k, 10 + 13 * k, side - 11 - 13 * k, side - 11 - 13 * k), outline=_INK, width=3)
    return image
