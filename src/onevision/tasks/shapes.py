"""Small filled shapes that tell each other apart at any size."""

import math
from collections.abc import Callable

from onevision.tasks.canvas import RGB, XY, Canvas, regular_polygon

UP, FLAT = -math.pi / 2, -math.pi / 4


def _polygon(corners: int, turn: float, reach: float = 1.0) -> Callable[[XY, float], list[XY]]:
    return lambda centre, radius: regular_polygon(centre, reach * radius, corners, turn)


def _star(centre: XY, radius: float) -> list[XY]:
    points = regular_polygon(centre, radius, 10)
    return [
        p if k % 2 == 0 else (centre[0] + 0.42 * (p[0] - centre[0]), centre[1] + 0.42 * (p[1] - centre[1])) for k, p in enumerate(points)
    ]


def _cross(centre: XY, radius: float) -> list[XY]:
    a, b = radius * 0.95, radius * 0.33
    corners = [(-b, -a), (b, -a), (b, -b), (a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b), (-a, -b), (-b, -b)]
    return [(centre[0] + dx, centre[1] + dy) for dx, dy in corners]


OUTLINES: dict[str, Callable[[XY, float], list[XY]]] = {
    "circle": _polygon(48, 0.0, 0.9),
    "square": _polygon(4, FLAT),
    "triangle": _polygon(3, UP),
    "star": _star,
    "diamond": _polygon(4, UP),
    "cross": _cross,
    "pentagon": _polygon(5, UP),
    "hexagon": _polygon(6, 0.0),
}
"""Shape -> the corners of one with a centre and radius."""


def draw_shape(canvas: Canvas, shape: str, centre: XY, radius: float, fill: RGB | None, outline: RGB | None = None,
               width: float | None = None) -> None:  # fmt: skip
    """A shape of OUTLINES, filled, outlined or both."""
    canvas.polygon(OUTLINES[shape](centre, radius), fill, outline, width)
