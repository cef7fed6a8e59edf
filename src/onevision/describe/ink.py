"""What is drawn on a flat ground: long straight edges, the regions between them, and the runs of ink inside.

Made for pictures drawn by a program (tables, charts, diagrams, pages), where it finds every single character, which a
text detector does not. Photographs go through the detector (`ocr`).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from PIL.Image import Image

from onevision.errors import MissingPartError

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels; right and bottom are just outside."""

Pixels = np.ndarray[Any, Any]

FLAT = 0.55
"""Share of pixels equal to their right neighbour above which a picture counts as drawn."""

_INK = 60  # levels of the most different channel between ink and its ground
_EDGE = 6  # the same between two grounds, or a ground and a rule


def cv2() -> Any:
    """OpenCV. Raises MissingPartError where it is not installed."""
    try:
        import cv2 as module
    except ImportError:
        raise MissingPartError("describing a picture needs OpenCV: pip install 'onevision[forge]'") from None
    return module


def pixels(image: Image) -> Pixels:
    """(height, width, 3) uint8 RGB."""
    return np.asarray(image.convert("RGB"))


def is_drawn(array: Pixels) -> bool:
    """Whether most of a picture is flat colour. array: (height, width, 3) uint8."""
    return bool(np.mean(_difference(array, axis=1) <= 2) >= FLAT)


def smooth(array: Pixels) -> Pixels:
    """The picture with its noise taken out, where it has any; a clean one comes back as it is."""
    return array if is_drawn(array) else np.asarray(cv2().bilateralFilter(array, 5, 45, 3))


@dataclass(frozen=True)
class Layout:
    """The parts of a drawn picture.

    array: (height, width, 3) uint8 RGB. em: usual height of a glyph, pixels. across, down: bool (height, width), pixels of
    long horizontal and vertical edges. regions: int32 (height, width), the connected flat part each pixel is in, 0 on an edge.
    grounds: uint8 (regions + 1, 3), the colour of each. ink: bool (height, width).
    """

    array: Pixels
    em: float
    across: Pixels
    down: Pixels
    regions: Pixels
    grounds: Pixels
    ink: Pixels


def layout(array: Pixels) -> Layout:
    """Take a drawn picture apart. array: (height, width, 3) uint8 RGB."""
    cv = cv2()
    em = _glyph_height(array)
    across = _long_runs(_difference(array, axis=0) > _EDGE, round(max(4 * em, 24)), axis=1)
    down = _long_runs(_difference(array, axis=1) > _EDGE, round(max(1.8 * em, 16)), axis=0)
    free = (~(_filled(across, em, axis=0) | _filled(down, em, axis=1))).astype(np.uint8)
    count, regions = cv.connectedComponents(free, connectivity=4)
    grounds = _grounds(array, regions, count)
    ink = _far(array, regions, grounds)
    regions, grounds = _with_shapes(array, ink, em, regions, grounds)
    ink = _far(array, regions, grounds)
    return Layout(array, em, across, down, regions, grounds, ink & ~_large(ink, em))


def _far(array: Pixels, regions: Pixels, grounds: Pixels) -> Pixels:
    """The pixels unlike the ground of their region."""
    return (np.abs(array.astype(np.int16) - grounds[regions].astype(np.int16)).max(-1) > _INK) & (regions > 0)


def _large(ink: Pixels, em: float) -> Pixels:
    """The ink of pieces larger than any glyph, or longer and thinner: strokes, arrows, outlines, filled shapes, what is left of rules."""
    cv = cv2()
    _, labels, stats, _ = cv.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    width, height = stats[:, cv.CC_STAT_WIDTH], stats[:, cv.CC_STAT_HEIGHT]
    thin = (np.minimum(width, height) <= max(2, 0.22 * em)) & (np.maximum(width, height) > 1.6 * em)
    large = (height > 3 * em) | (width > 7 * em) | thin
    large[0] = False
    return np.asarray(large[labels])


def _with_shapes(array: Pixels, ink: Pixels, em: float, regions: Pixels, grounds: Pixels) -> tuple[Pixels, Pixels]:
    """The regions with filled shapes as regions of their own, on which text may stand."""
    cv = cv2()
    count, labels, stats, _ = cv.connectedComponentsWithStats(_large(ink, em).astype(np.uint8), connectivity=8)
    regions, added = regions.copy(), list(grounds)
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        window = (slice(top, top + height), slice(left, left + width))
        inside = labels[window] == label
        colours = array[window][inside].astype(np.int16)
        ground = np.median(colours[_common(colours)], axis=0)
        if (np.abs(colours - ground).max(-1) < 30).mean() > 0.5 and area > 4 * em * em:
            regions[window][inside] = len(added)
            added.append(ground.astype(np.uint8))
    return regions, np.stack(added)


def _common(colours: Pixels) -> Pixels:
    """Which of some colours (n, 3) are the most frequent one, channels to the nearest 8 levels."""
    codes = (colours.astype(np.int64) >> 3) @ np.array([1 << 10, 1 << 5, 1])
    return np.asarray(codes == np.bincount(codes).argmax())


def _difference(array: Pixels, axis: int) -> Pixels:
    """Largest channel difference of each pixel to the next one along the axis; 0 in the last row or column."""
    out = np.zeros(array.shape[:2], np.int16)
    step = np.abs(np.diff(array.astype(np.int16), axis=axis)).max(-1)
    if axis == 0:
        out[:-1] = step
    else:
        out[:, :-1] = step
    return out


def _glyph_height(array: Pixels) -> float:
    """Median height of what looks like a glyph, pixels; 12 where nothing does."""
    cv = cv2()
    edges = np.maximum(_difference(array, axis=0), _difference(array, axis=1)) > _INK
    _, _, stats, _ = cv.connectedComponentsWithStats(edges.astype(np.uint8), connectivity=8)
    width, height = stats[1:, cv.CC_STAT_WIDTH], stats[1:, cv.CC_STAT_HEIGHT]
    glyphs = height[(height >= 5) & (height <= 60) & (width <= 2 * height) & (width >= 2)]
    return float(np.median(glyphs)) if len(glyphs) else 12.0


def _long_runs(edges: Pixels, length: int, axis: int) -> Pixels:
    """The edge pixels that stand in a straight run of at least `length`, small gaps closed (where rules cross)."""
    cv = cv2()
    mask = edges.astype(np.uint8)

    def line(size: int) -> Any:
        return cv.getStructuringElement(cv.MORPH_RECT, (1, size) if axis == 0 else (size, 1))

    # Nearly every pixel of a rule is an edge; a line of text, its gaps closed, is only half full.
    full = cv.boxFilter(mask * 255, -1, (1, length) if axis == 0 else (length, 1), borderType=cv.BORDER_CONSTANT) >= 0.9 * 255
    near = cv.dilate(full.astype(np.uint8), line(length))
    return np.asarray(near & cv.morphologyEx(mask, cv.MORPH_CLOSE, line(5)), bool)


def _filled(edges: Pixels, em: float, axis: int) -> Pixels:
    """The edges with the inside of rules, which lies between two of them. axis: across the rules."""
    cv, size = cv2(), round(0.35 * em) | 1
    kernel = cv.getStructuringElement(cv.MORPH_RECT, (1, size) if axis == 0 else (size, 1))
    return np.asarray(cv.morphologyEx(edges.astype(np.uint8), cv.MORPH_CLOSE, kernel), bool)


def _grounds(array: Pixels, regions: Pixels, count: int) -> Pixels:
    """The most frequent colour of each region, channels to the nearest 8 levels while counting."""
    codes = (array.astype(np.int64) >> 3) @ np.array([1 << 10, 1 << 5, 1])
    keys, index, number = np.unique(regions.ravel().astype(np.int64) << 15 | codes.ravel(), return_index=True, return_counts=True)
    order = np.lexsort((-number, keys >> 15))
    _, first = np.unique((keys >> 15)[order], return_index=True)
    grounds = np.zeros((count, 3), np.uint8)
    chosen = order[first]
    grounds[keys[chosen] >> 15] = array.reshape(-1, 3)[index[chosen]]
    return grounds


@dataclass(frozen=True)
class Run:
    """Ink that reads as one line of text. box: tight round the ink; region: the flat part it stands on;
    coloured: whether the ink is a strong colour rather than black, white or grey."""

    box: Box
    region: int
    coloured: bool


def runs(page: Layout, gap: float = 0.95) -> list[Run]:
    """The lines of text, top to bottom. gap: widest space inside a line, in glyph heights."""
    vivid = _vivid(page)
    found = _runs_of(page, page.ink & ~vivid, gap, coloured=False) + _runs_of(page, vivid, gap, coloured=True)
    return sorted(found, key=lambda run: (run.box[1], run.box[0]))


def _vivid(page: Layout) -> Pixels:
    """The ink of glyphs in a strong colour; a glyph's colour is that of its pixel farthest from the ground, for its rim is a blend."""
    cv = cv2()
    count, labels = cv.connectedComponents(page.ink.astype(np.uint8), connectivity=8)
    ys, xs = np.nonzero(page.ink)
    label, colour = labels[ys, xs], page.array[ys, xs].astype(np.int16)
    far = np.abs(colour - page.grounds[page.regions[ys, xs]]).sum(-1)
    order = np.lexsort((-far, label))
    _, first = np.unique(label[order], return_index=True)
    strong = np.zeros(count, bool)
    chosen = order[first]
    strong[label[chosen]] = np.ptp(colour[chosen], axis=-1) > 90
    return np.asarray(strong[labels] & page.ink)


def _runs_of(page: Layout, ink: Pixels, gap: float, coloured: bool) -> list[Run]:
    cv = cv2()
    size = (max(1, round(gap * page.em)) | 1, max(1, round(0.4 * page.em)) | 1)
    closed = cv.morphologyEx(ink.astype(np.uint8), cv.MORPH_CLOSE, cv.getStructuringElement(cv.MORPH_RECT, size))
    closed[page.regions == 0] = 0  # text does not go on across a rule
    count, labels, stats, _ = cv.connectedComponentsWithStats(closed, connectivity=8)
    found: list[Run] = []
    for label in range(1, count):
        left, top, width, height, _ = (int(value) for value in stats[label])
        part = (labels[top : top + height, left : left + width] == label) & ink[top : top + height, left : left + width]
        thin = min(width, height) <= max(2, 0.22 * page.em) and max(width, height) > 1.2 * page.em  # what is left of a rule
        speck = max(width, height) <= 0.3 * page.em
        if part.sum() >= 3 and not thin and not speck:
            region = int(np.bincount(page.regions[top : top + height, left : left + width][part]).argmax())
            found += [Run(box, region, coloured) for box in _lines(part, left, top, page.em)]
    return found


def _lines(part: Pixels, left: int, top: int, em: float) -> list[Box]:
    """The boxes of the lines of text in a blob of ink: more than one where lines stand so close that they ran together."""
    rows, height = np.asarray(part.any(1)), part.shape[0]
    cuts = [0, height]
    if height > 2.1 * em:
        blank = np.flatnonzero(~rows)
        starts = blank[np.diff(blank, prepend=-2) > 1]
        cuts = [0, *(int(start) for start in starts if em * 0.6 < start < height - em * 0.6), height]
    boxes = []
    for first, last in pairwise(cuts):
        ys, xs = np.nonzero(part[first:last])
        if len(ys):
            boxes.append(
                (float(left + xs.min()), float(top + first + ys.min()), float(left + xs.max() + 1), float(top + first + ys.max() + 1))
            )
    return boxes
