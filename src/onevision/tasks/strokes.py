"""What several tasks draw and probe with: directions, arcs, places along and beside a line, text as large as its room."""

import math
from collections.abc import Iterable

from PIL.Image import Image

from onevision.tasks.canvas import RGB, XY, Canvas, probe_near

Probe = tuple[int, int, RGB]
WHITE: RGB = (255, 255, 255)


def polar(centre: XY, degrees: float, radius: float) -> XY:
    """The point at an angle, degrees counterclockwise from east, and a distance in pixels; y is down."""
    turn = math.radians(degrees)
    return centre[0] + radius * math.cos(turn), centre[1] - radius * math.sin(turn)


def direction(start: XY, end: XY) -> float:
    """Degrees counterclockwise from east, 0 to 360, in which `end` lies from `start`; y is down."""
    return math.degrees(math.atan2(start[1] - end[1], end[0] - start[0])) % 360


def arc(centre: XY, radius: float, start: float, end: float) -> list[XY]:
    """Points of an arc from `start` counterclockwise to `end`, degrees, end > start."""
    count = max(4, round((end - start) / 5))
    return [polar(centre, start + (end - start) * k / count, radius) for k in range(count + 1)]


def between(start: XY, end: XY, share: float) -> XY:
    """The point `share` of the way from start to end."""
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def aside(start: XY, end: XY, share: float, away: float) -> XY:
    """The point `share` of the way from start to end and `away` pixels to the left of that way."""
    (x, y), length = between(start, end, share), math.dist(start, end) or 1.0
    return x + (end[1] - start[1]) / length * away, y - (end[0] - start[0]) / length * away


def em_to_fit(canvas: Canvas, texts: Iterable[str], wide: float) -> float:
    """The largest em, pixels, at which each of the texts is at most `wide` wide."""
    return wide / max(0.1, *(canvas.text_width(text, 40) / 40 for text in texts))


def stroke(canvas: Canvas, thickest: float = math.inf) -> float:
    """The style's line, pixels, at most `thickest` but so wide that in any direction it fills some pixel near each of its points."""
    return max(min(canvas.line_width, thickest), 2.2)


def on_line(image: Image, points: Iterable[XY], colour: RGB) -> tuple[Probe, ...]:
    """A probe on a `stroke` through each point."""
    return tuple(probe_near(image, point, colour) for point in points)


def mixed(colour: RGB, other: RGB, share: float) -> RGB:
    """A colour with `share` of another in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def inside(points: Iterable[XY], colour: RGB) -> tuple[Probe, ...]:
    """A probe at each point of a filled area."""
    return tuple((int(x), int(y), colour) for x, y in points)
