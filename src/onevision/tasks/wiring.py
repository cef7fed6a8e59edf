"""Circuits of stages in series, each of one or more branches side by side, and how they are drawn."""

import random
from dataclasses import dataclass
from fractions import Fraction

from onevision.tasks.canvas import RGB, XY, Canvas
from onevision.tasks.strokes import between, em_to_fit, stroke


@dataclass(frozen=True)
class Part:
    """kind: resistor (value in ohms), lamp, or switch (1 closed, 0 open)."""

    kind: str
    name: str
    value: int = 0


Branch = tuple[Part, ...]
Stage = tuple[Branch, ...]


@dataclass(frozen=True)
class Net:
    """Stages one behind the other from plus to minus; in each, branches side by side. volts: of the battery."""

    stages: tuple[Stage, ...]
    volts: Fraction = Fraction(6)

    def parts(self) -> list[Part]:
        return [part for stage in self.stages for branch in stage for part in branch]


class Drawing:
    """One circuit being drawn. unit: the length that a part with its wires takes, pixels; spots: points on wires."""

    def __init__(self, rng: random.Random, canvas: Canvas, unit: float, net: Net) -> None:
        self.canvas, self.unit, self.net = canvas, unit, net
        self.line = min(stroke(canvas), 0.06 * unit) if unit > 40 else 2.2
        self.line = max(self.line, 2.2)
        self.zigzag = rng.random() < 0.5
        texts = [self._label(part) for part in net.parts()]
        self.em = min(0.21 * unit, em_to_fit(canvas, texts, 0.95 * unit))
        self.spots: list[XY] = []

    def _label(self, part: Part) -> str:
        return f"{part.name} {part.value}Ω" if part.kind == "resistor" else part.name

    def draw(self, widths: list[float], x: float, y: float) -> None:
        """All of it, the upper left corner of the wire at (x, y)."""
        u, bottom = self.unit, y + 0.8 * max(len(stage) for stage in self.net.stages) * self.unit
        bottom = max(bottom, y + 1.1 * u)
        right = x + sum(widths) * u + 1.05 * u
        middle = (y + bottom) / 2
        for start, end in (((x, y), (x, middle - 0.07 * u)), ((x, middle + 0.07 * u), (x, bottom))):
            self._wire(start, end)
        for k, half in enumerate((0.24, 0.12)):
            at = middle + (-0.07, 0.07)[k] * u
            self.canvas.line([(x - half * u, at), (x + half * u, at)], width=self.line * (1 + k))
        volts = f"{self.net.volts} V"
        self.canvas.text((x + 0.3 * u, middle), volts, min(self.em, em_to_fit(self.canvas, [volts], 0.6 * u)), anchor="lm")
        self.canvas.text((x - 0.2 * u, middle - 0.22 * u), "+", self.em)
        at = x + 0.8 * u
        self._wire((x, y), (at, y))
        for stage, width in zip(self.net.stages, widths, strict=True):
            self._stage(stage, at, y, width * u)
            at += width * u
        self._wire((at, y), (right, y))
        self._wire((right, y), (right, bottom))
        self._wire((right, bottom), (x, bottom))

    def _stage(self, stage: Stage, x: float, y: float, width: float) -> None:
        edge = 0.22 * self.unit if len(stage) > 1 else 0.0
        left, right, low = x + edge, x + width - edge, y + 0.8 * (len(stage) - 1) * self.unit
        if len(stage) > 1:
            self._wire((x, y), (left, y))
            self._wire((right, y), (x + width, y))
            for bus in (left, right):
                self._wire((bus, y), (bus, low))
                for k in range(len(stage) - 1):
                    self.canvas.circle((bus, y + 0.8 * k * self.unit), 1.7 * self.line, self.canvas.style.ink)
        for k, branch in enumerate(stage):
            self._branch(branch, left, right, y + 0.8 * k * self.unit)

    def _branch(self, branch: Branch, left: float, right: float, y: float) -> None:
        step, at = (right - left) / len(branch), left
        for k, part in enumerate(branch):
            middle, half = left + (k + 0.5) * step, 0.27 * self.unit
            self._wire((at, y), (middle - half, y))
            {"resistor": self._resistor, "lamp": self._lamp, "switch": self._switch}[part.kind](part, middle, y, half)
            at = middle + half
        self._wire((at, y), (right, y))

    def _wire(self, start: XY, end: XY) -> None:
        self.canvas.line([start, end], width=self.line)
        if abs(start[0] - end[0]) + abs(start[1] - end[1]) > 0.2 * self.unit:
            self.spots.append(between(start, end, 0.5))

    def _resistor(self, part: Part, x: float, y: float, half: float) -> None:
        h = 0.1 * self.unit
        if self.zigzag:
            teeth = [(x - half + (2 * k + 1) * half / 6, y + (-1) ** k * h) for k in range(6)]
            self.canvas.line([(x - half, y), *teeth, (x + half, y)], width=self.line)
        else:
            box = [(x - half, y - h), (x + half, y - h), (x + half, y + h), (x - half, y + h)]
            self.canvas.polygon(box, None, self.canvas.style.ink, self.line)
        # Caladea has no omega.
        font = "DejaVuSans.ttf" if self.canvas.style.font.startswith("Caladea") else None
        self.canvas.text((x, y - h - 0.65 * self.em - self.line / 2), self._label(part), self.em, font=font)

    def _lamp(self, part: Part, x: float, y: float, half: float) -> None:
        r = 0.17 * self.unit
        for end in (-1, 1):
            self.canvas.line([(x + end * half, y), (x + end * r, y)], width=self.line)
        self.canvas.circle((x, y), r, None, self.canvas.style.ink, self.line)
        d = 0.68 * r
        for slant in (1, -1):
            self.canvas.line([(x - d, y - slant * d), (x + d, y + slant * d)], width=max(1.0, 0.7 * self.line))
        self.canvas.text((x, y - r - 0.65 * self.em), part.name, 1.15 * self.em)

    def _switch(self, part: Part, x: float, y: float, half: float) -> None:
        ink: RGB = self.canvas.style.ink
        ends, r = ((x - 0.8 * half, y), (x + 0.8 * half, y)), max(2.2, 0.045 * self.unit)
        for end, sign in zip(ends, (-1, 1), strict=True):
            self.canvas.line([(x + sign * half, y), end], width=self.line)
        tip = ends[1] if part.value else (x + 0.55 * half, y - 0.22 * self.unit)
        self.canvas.line([ends[0], tip], width=self.line)
        for end in ends:
            self.canvas.circle(end, r, ink)
        self.canvas.text((x, y + 0.85 * self.em), part.name, 0.95 * self.em)
