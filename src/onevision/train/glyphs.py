"""Pictures to learn to see by: letters, digits and coloured shapes, every 14-pixel patch labelled with what is there."""

import random
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from onevision.tasks.base import keyed_seed
from onevision.tasks.canvas import COLOURS, Canvas, Style, picture_size, regular_polygon

GLYPHS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-×÷?.,:%$="
SHAPES = ("circle", "ring", "square", "triangle", "diamond", "star", "pentagon", "cross")
PATCH = 14
POLYGONS = {"square": (4, 0.785), "triangle": (3, -1.571), "diamond": (4, 0.0), "star": (10, -1.571), "pentagon": (5, -1.571)}
"""Corners, and the angle of the first in radians; a star's are in and out in turn."""


@dataclass(frozen=True)
class Labelled:
    """image: (height, width, 3) uint8, sides multiples of 28. glyph: (patches high, wide), 0 or 1 + index in GLYPHS of
    the character whose centre is in the patch. shape: likewise of the shape. colour: (high, wide, colours) bool,
    the colour words of lines and fills that cross the patch."""

    image: np.ndarray
    glyph: np.ndarray
    shape: np.ndarray
    colour: np.ndarray


def labelled_picture(index: int, seed: int = 0) -> Labelled:
    """The picture at an index: same seed and index, same picture."""
    rng = random.Random(keyed_seed("glyphs", seed, index))
    style = Style.sample(rng, rng.choice((0, 1, 1, 2, 2, 2)))
    width, height = (max(2, round(side / 28)) * 28 for side in picture_size(rng, (112, 224), (0.4, 2.5)))
    canvas = Canvas(width, height, style)
    mask = Canvas(width, height, Style(page=(0, 0, 0), smooth=1))
    labels = Labelled(np.zeros(0), *(np.zeros((height // PATCH, width // PATCH, *more), dtype) for dtype, more in
                                     ((np.int64, ()), (np.int64, ()), (bool, (len(COLOURS),)))))  # fmt: skip
    taken: list[tuple[float, float, float, float]] = []
    for _ in range(rng.randint(1, 3)):
        _stroke(rng, canvas, mask)
    for _ in range(rng.randint(6, 45)):
        rng.choice((_word, _word, _shape))(rng, canvas, mask, labels, taken)
    image = np.asarray(canvas.image(rng))
    return Labelled(image, labels.glyph, labels.shape, _colour_labels(mask.image(rng)))


def _stroke(rng: random.Random, canvas: Canvas, mask: Canvas) -> None:
    """A straight or bent line in a named colour, somewhere."""
    name = rng.choice(list(COLOURS))
    points = [(rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)) for _ in range(rng.randint(2, 3))]
    canvas.line(points, canvas.style.colour(rng, name))
    mask.line(points, _code(name), max(1.0, canvas.line_width))


def _code(name: str) -> tuple[int, int, int]:
    return (1 + list(COLOURS).index(name), 0, 0)


def _free(box: tuple[float, float, float, float], canvas: Canvas, taken: list[tuple[float, float, float, float]]) -> bool:
    left, top, right, bottom = box
    inside = left >= 0 and top >= 0 and right <= canvas.width and bottom <= canvas.height
    return inside and all(right < x0 or x1 < left or bottom < y0 or y1 < top for x0, y0, x1, y1 in taken)


def _word(rng: random.Random, canvas: Canvas, mask: Canvas, labels: Labelled, taken: list) -> None:  # type: ignore[type-arg]
    kind = rng.random()
    if kind < 0.5:
        text = str(rng.randint(0, 10 ** rng.randint(1, 3) - 1))
        text = rng.choice(("", "", "+", "-", "×", "÷")) + text
    elif kind < 0.6:
        text = "?"
    else:
        text = "".join(rng.choices(GLYPHS, k=rng.randint(1, 6)))
    size = rng.uniform(10, 26) if rng.random() < 0.8 else rng.uniform(26, 60)
    at = (rng.uniform(0, canvas.width), rng.uniform(0, canvas.height))
    box = canvas.text_box(at, text, size, anchor="lm")
    if not _free(box, canvas, taken):
        return
    taken.append(box)
    if rng.random() < 0.3:
        _plate(rng, canvas, box)
    canvas.text(at, text, size, anchor="lm")
    ends = [at[0] + canvas.text_width(text[:k], size) for k in range(len(text) + 1)]
    for character, (start, end) in zip(text, pairwise(ends), strict=True):
        _mark(labels.glyph, (start + end) / 2, (box[1] + box[3]) / 2, 1 + GLYPHS.index(character))


def _plate(rng: random.Random, canvas: Canvas, box: tuple[float, float, float, float]) -> None:
    """A pale plate or a frame behind a word, as in cells, nodes and bars."""
    left, top, right, bottom = box
    corners = [(left - 3, top - 3), (right + 3, top - 3), (right + 3, bottom + 3), (left - 3, bottom + 3)]
    pale = tuple(rng.randint(190, 255) for _ in range(3))
    canvas.polygon(corners, pale if rng.random() < 0.5 else None, canvas.style.ink if rng.random() < 0.5 else None)  # type: ignore[arg-type]


def _mark(plane: np.ndarray, x: float, y: float, value: int) -> None:
    row, column = int(y // PATCH), int(x // PATCH)
    if 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]:
        plane[row, column] = value


def _shape(rng: random.Random, canvas: Canvas, mask: Canvas, labels: Labelled, taken: list) -> None:  # type: ignore[type-arg]
    radius = rng.uniform(5, 26)
    x, y = rng.uniform(radius, canvas.width - radius), rng.uniform(radius, canvas.height - radius)
    box = (x - radius, y - radius, x + radius, y + radius)
    if not _free(box, canvas, taken):
        return
    taken.append(box)
    kind, name = rng.choice(SHAPES), rng.choice(list(COLOURS))
    for target, colour in ((canvas, canvas.style.colour(rng, name)), (mask, _code(name))):
        _draw_shape(target, kind, x, y, radius, colour, canvas.line_width)
    _mark(labels.shape, x, y, 1 + SHAPES.index(kind))


def _draw_shape(canvas: Canvas, kind: str, x: float, y: float, radius: float, colour: tuple[int, int, int], width: float) -> None:
    if kind == "circle":
        canvas.circle((x, y), radius, colour)
    elif kind == "ring":
        canvas.circle((x, y), radius, None, colour, width)
    elif kind == "cross":
        canvas.line([(x - radius, y), (x + radius, y)], colour, radius * 0.6)
        canvas.line([(x, y - radius), (x, y + radius)], colour, radius * 0.6)
    else:
        corners, turn = POLYGONS[kind]
        points = regular_polygon((x, y), radius, corners, turn)
        for k in range(1, 10, 2) if kind == "star" else ():
            points[k] = (x + (points[k][0] - x) * 0.42, y + (points[k][1] - y) * 0.42)
        canvas.polygon(points, colour)


def _colour_labels(mask: Image.Image) -> np.ndarray:
    codes = np.asarray(mask)[:, :, 0]
    high, wide = codes.shape[0] // PATCH, codes.shape[1] // PATCH
    patches = codes.reshape(high, PATCH, wide, PATCH).swapaxes(1, 2).reshape(high, wide, -1)
    return np.stack([(patches == 1 + c).any(-1) for c in range(len(COLOURS))], axis=-1)
