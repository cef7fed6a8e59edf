"""Line figures on a plain page: coloured lines through points, two circles, squares inside each other."""

import math
from typing import Any

import numpy as np

from onevision.describe.colours import NAMES, names_of, page_colour
from onevision.describe.ink import Pixels, cv2
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import figure
from onevision.formal.figure import CELLS, LINES, Statement
from onevision.types import Description, Region

NAME = "opencv-figure"


def describe(sight: Sight) -> Description:
    """The figure as statements. Raises InputError where it is none of those that are known."""
    strokes = _strokes(sight.array)
    statements = _nest(sight) or _circles(strokes, sight.image.size) or _lines(strokes, sight.image.size)
    if not statements:
        raise InputError("no line figure was found in the picture: coloured lines, two circles or squares inside each other")
    regions = tuple(Region(name, _box(mask)) for name, mask in strokes.items())
    return Description("figure", figure.write(statements), regions, NAME)


def _strokes(array: Pixels) -> dict[str, Any]:
    """Colour word -> bool (height, width), for the colours that make up a good part of what is not page; greys are frames."""
    far = np.abs(array.astype(np.int16) - page_colour(array).astype(np.int16)).max(-1) > 70
    ys, xs = np.nonzero(far)
    if not len(ys):
        return {}
    names = names_of(array[ys, xs])
    found: dict[str, Any] = {}
    for index in sorted(np.unique(names), key=lambda index: -int((names == index).sum())):
        chosen = names == index
        if chosen.sum() > 0.12 * len(ys) and NAMES[index] != "gray":
            mask = np.zeros(array.shape[:2], bool)
            mask[ys[chosen], xs[chosen]] = True
            mask = _largest(mask)
            if not any(_is_rim(mask, other) for other in found.values()):
                found[NAMES[index]] = mask
    return dict(sorted(found.items(), key=lambda item: NAMES.index(item[0])))


def _is_rim(mask: Any, other: Any) -> bool:
    """Whether a mask lies along another: the blend of a stroke with the page has a colour of its own."""
    near = cv2().dilate(other.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    return bool((mask & near).sum() > 0.6 * mask.sum())


def _largest(mask: Any) -> Any:
    """A mask without specks: its pieces of at least a tenth of its largest."""
    cv = cv2()
    _, labels, stats, _ = cv.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    area = stats[:, cv.CC_STAT_AREA].copy()
    area[0] = 0
    return area[labels] >= max(1, 0.1 * area.max())


def _box(mask: Any) -> tuple[float, float, float, float]:
    ys, xs = np.nonzero(mask)
    return float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)


def _nest(sight: Sight) -> tuple[Statement, ...]:
    """Square outlines inside each other: as many as there are four-cornered contours on one path of the contours' tree."""
    cv = cv2()
    far = np.abs(sight.array.astype(np.int16) - page_colour(sight.array).astype(np.int16)).max(-1) > 60
    contours, tree = cv.findContours(far.astype(np.uint8), cv.RETR_TREE, cv.CHAIN_APPROX_SIMPLE)
    if tree is None or not all(_is_square(contour) for contour in contours if cv.contourArea(contour) > 30):
        return ()
    outer = [k for k in range(len(contours)) if cv.contourArea(contours[k]) > 30 and _depth(tree[0], k) % 2 == 0]
    depths = sorted(_depth(tree[0], k) // 2 for k in outer)
    if depths != list(range(len(depths))) or not depths:
        return ()
    return (Statement("1", ">", tuple(str(k + 2) for k in range(len(depths) - 1))),)


def _depth(tree: Any, k: int) -> int:
    """How many contours are around a contour. tree: (contours, 4), the last its parent or -1."""
    depth = 0
    while tree[k][3] >= 0:
        k, depth = int(tree[k][3]), depth + 1
    return depth


def _is_square(contour: Any) -> bool:
    cv = cv2()
    (_, (width, height), _) = cv.minAreaRect(contour)
    filled = cv.contourArea(contour) / (width * height) if width and height else 0.0
    return bool(filled > 0.85 and 0.85 < width / height < 1.18)


def _circles(strokes: dict[str, Any], size: tuple[int, int]) -> tuple[Statement, ...]:
    """Two circles, filled or outlined, with the cells of their centres and how they stand to each other."""
    rings = {name: _ring(mask) for name, mask in strokes.items()}
    found = {name: ring for name, ring in rings.items() if ring}
    if len(found) != 2 or len(strokes) != 2:
        return ()
    first, second = sorted(found, key=NAMES.index)
    (ax, ay, a), (bx, by, b) = found[first], found[second]
    apart = math.hypot(ax - bx, ay - by) - a - b
    relation = "touches" if abs(apart) < 1.0 else "overlaps" if apart < 0 else "apart from"
    places = [
        Statement(f"{name} circle", ":", ((int(CELLS * x / size[0]), int(CELLS * y / size[1])),))
        for name, (x, y, _) in ((first, found[first]), (second, found[second]))
    ]
    return (*places, Statement(f"{first} circle", relation, (f"{second} circle",)))


def _ring(mask: Any) -> tuple[float, float, float] | None:
    """x, y and radius of the circle whose outline a mask's outer contour follows (least squares, Kasa 1976); None where it does not."""
    cv = cv2()
    contours, _ = cv.findContours(mask.astype(np.uint8), cv.RETR_EXTERNAL, cv.CHAIN_APPROX_NONE)
    hull = cv.convexHull(np.concatenate(contours))
    points = np.concatenate(contours)[:, 0].astype(np.float64)
    rim = points[[abs(cv.pointPolygonTest(hull, (float(x), float(y)), True)) < 2.5 for x, y in points]]
    if len(rim) < 12:
        return None
    equations = np.column_stack([2 * rim, np.ones(len(rim))])
    (x, y, c), *_ = np.linalg.lstsq(equations, (rim**2).sum(1), rcond=None)
    radius = math.sqrt(max(c + x * x + y * y, 0.0))
    error = np.abs(np.hypot(rim[:, 0] - x, rim[:, 1] - y) - radius).mean()
    spread = np.ptp(np.unwrap(np.sort(np.arctan2(rim[:, 1] - y, rim[:, 0] - x))))
    return (float(x + 0.5), float(y + 0.5), radius + 0.5) if error < 0.03 * radius + 1 and spread > math.pi else None


def _lines(strokes: dict[str, Any], size: tuple[int, int]) -> tuple[Statement, ...]:
    """Lines that run from left to right, through points of the LINES x LINES grid over the page, or over what they span."""
    spanned = [line for line in (_middles(mask) for mask in strokes.values()) if line is not None]
    if len(spanned) != len(strokes) or not strokes:
        return ()
    left = min(float(xs[0]) for xs, _ in spanned)
    right = max(float(xs[-1]) for xs, _ in spanned)
    # A frame leaves the same share free on all sides.
    margin = (left + size[0] - 1 - right) / 2 / size[0]
    corners = {_step(x, margin, size[0]) for line in spanned for x, _ in _corners(*line)} | {0, LINES}
    # Lines of such figures have their points at the same places along x, evenly spaced.
    even = next((n for off in (0, 1) for n in (1, 2, 3, 4) if all(_off(x, LINES // n) <= off for x in corners)), 0)
    places = [k * LINES // even for k in range(even + 1)] if even else sorted(corners)
    statements = []
    for name, (xs, ys) in zip(strokes, spanned, strict=True):
        at = [(margin + x * (1 - 2 * margin) / LINES) * size[0] for x in places]
        points = zip(places, (_step(float(np.interp(x, xs, ys)), margin, size[1]) for x in at), strict=True)
        statements.append(Statement(f"{name} line", ":", tuple(points)))
    return tuple(statements)


def _off(x: int, step: int) -> int:
    """How far x is from the nearest multiple of a step."""
    return min(x % step, -x % step)


def _middles(mask: Any) -> tuple[Any, Any] | None:
    """xs and the middle height of a stroke at each; None unless it is one thin stroke that spans most of the width it is seen in."""
    columns = np.flatnonzero(mask.any(0))
    if len(columns) < 0.5 * mask.shape[1]:
        return None
    heights = np.arange(mask.shape[0])[:, None]
    inside = mask[:, columns]
    thick = inside.sum(0)
    middles = (inside * heights).sum(0) / thick
    spread = np.array([np.ptp(np.flatnonzero(column)) for column in inside.T]) - thick
    # Where a stroke is steep it is tall; where it is torn by another colour its middle is off.
    sure = spread <= 1
    return (columns[sure].astype(float), middles[sure]) if sure.sum() > 0.4 * mask.shape[1] else None


def _corners(xs: Any, ys: Any) -> list[tuple[float, float]]:
    """The corners of a line by Ramer's and Douglas and Peucker's rule, two percent of its width being straight enough."""
    line = np.column_stack([xs, ys]).astype(np.float32)[:, None]
    kept = cv2().approxPolyDP(line, 0.02 * float(xs[-1] - xs[0]), False)[:, 0]
    return [(float(x), float(y)) for x, y in kept]


def _step(place: float, margin: float, side: int) -> int:
    return max(0, min(LINES, round(LINES * (place / side - margin) / (1 - 2 * margin))))
