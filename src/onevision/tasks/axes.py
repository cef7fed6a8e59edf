"""Numbered axes over a page, crossing at the origin as in mathematics or framing the plot as in physics."""

from collections.abc import Sequence
from dataclasses import dataclass

from onevision.tasks.canvas import RGB, XY, Box, Canvas
from onevision.tasks.strokes import em_to_fit, mixed


@dataclass(frozen=True)
class Scale:
    """An axis from low to high with a number at every multiple of step and a grid line at every multiple of grid."""

    low: int
    high: int
    step: int = 1
    grid: int = 1

    def every(self, step: int) -> range:
        """The multiples of step from low to high."""
        return range(-(-self.low // step) * step, self.high + 1, step)


class Axes:
    """Places values on a canvas: `at(x, y)` is their pixel. em: of the numbers, at most; they shrink to their room."""

    def __init__(self, canvas: Canvas, frame: Box, x: Scale, y: Scale, em: float) -> None:
        self.canvas, self.frame, self.x, self.y = canvas, frame, x, y
        room = abs(self.at(x.step, 0)[0] - self.at(0, 0)[0])
        high = abs(self.at(0, y.step)[1] - self.at(0, 0)[1])
        self.em = min(em, em_to_fit(canvas, [str(x.low), str(x.high)], 0.85 * room), 0.95 * high)

    @classmethod
    def square(cls, canvas: Canvas, x: Scale, y: Scale, em: float, margin: float) -> "Axes":
        """Axes with one unit as long in x as in y, as large as the page allows, centred; margin in pixels."""
        wide, high = canvas.width - 2 * margin, canvas.height - 2 * margin
        unit = min(wide / (x.high - x.low), high / (y.high - y.low))
        half, tall = unit * (x.high - x.low) / 2, unit * (y.high - y.low) / 2
        cx, cy = canvas.width / 2, canvas.height / 2
        return cls(canvas, (cx - half, cy - tall, cx + half, cy + tall), x, y, em)

    def at(self, x: float, y: float) -> XY:
        """The pixel of a pair of values."""
        left, top, right, bottom = self.frame
        across, up = (x - self.x.low) / (self.x.high - self.x.low), (y - self.y.low) / (self.y.high - self.y.low)
        return left + across * (right - left), bottom - up * (bottom - top)

    def draw(self, names: Sequence[str] = ("x", "y"), grid: bool = True, colour: RGB | None = None) -> None:
        """The grid in a pale colour, the axes with arrows, the numbers, and the axes' names at their ends."""
        pale = mixed(self.canvas.style.page, (90, 90, 120), 0.2)
        thin = max(1.0, 0.05 * self.em)
        for v in self.x.every(self.x.grid) if grid else ():
            self.canvas.line([self.at(v, self.y.low), self.at(v, self.y.high)], pale, thin)
        for v in self.y.every(self.y.grid) if grid else ():
            self.canvas.line([self.at(self.x.low, v), self.at(self.x.high, v)], pale, thin)
        self._axis(names, colour, max(1.2, 0.09 * self.em))

    def _axis(self, names: Sequence[str], colour: RGB | None, width: float) -> None:
        em, canvas = self.em, self.canvas
        x0, y0 = max(0, self.x.low), max(0, self.y.low)
        (left, foot), (right, _) = self.at(self.x.low, y0), self.at(self.x.high, y0)
        (middle, bottom), (_, top) = self.at(x0, self.y.low), self.at(x0, self.y.high)
        canvas.arrow((left, foot), (right + 0.6 * em, foot), colour, width, 0.5 * em)
        canvas.arrow((middle, bottom), (middle, top - 0.6 * em), colour, width, 0.5 * em)
        # A letter stands at the arrow, longer words clear of what may run along the frame.
        words = len(names[0]) > 1
        canvas.text((right + 0.5 * em, foot + (1.85 if words else -0.6) * em), names[0], em, anchor="rm" if words else "mm")
        canvas.text((middle + 0.5 * em, top - (1.0 if words else 0.6) * em), names[1], em, anchor="lm")
        for v in self.x.every(self.x.step):
            if v != x0 or self.x.low == 0:
                x, y = self.at(v, y0)
                canvas.line([(x, y - 0.15 * em), (x, y + 0.15 * em)], colour, width)
                canvas.text((x, y + 0.75 * em), _number(v), em)
        for v in self.y.every(self.y.step):
            if v != y0 or (self.y.low == 0 and self.x.low == 0):
                x, y = self.at(x0, v)
                canvas.line([(x - 0.15 * em, y), (x + 0.15 * em, y)], colour, width)
                canvas.text((x - 0.35 * em, y), _number(v), em, anchor="rm")


def _number(value: int) -> str:
    return str(value).replace("-", "\N{MINUS SIGN}")
