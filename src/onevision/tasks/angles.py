"""Figures with some angles and lengths given: work out the one that is marked."""

import math
import random
from typing import Any

from onevision.tasks.base import Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.constructions import KINDS, NAMES, Figure, FigureConfig
from onevision.tasks.strokes import arc, aside, between, direction, on_line, polar, stroke
from onevision.types import Description

ANGLE = (
    "What is the size of the angle marked {mark}?",
    "How many degrees is the angle marked {mark}?",
    "Find the angle {mark}.",
    "Work out the angle {mark} in degrees.",
    "Calculate the marked angle {mark}.",
    "The figure is drawn to scale. How large is the angle {mark}, in degrees?",
)
LENGTH = (
    "What is the length marked {mark}?",
    "How long is the part marked {mark}?",
    "Find the length {mark}.",
    "Work out the length {mark}.",
    "Calculate the marked length {mark}.",
    "How many units long is the distance {mark}?",
)


class Angles(Task):
    """A figure of lines, triangles or a circle, true to scale, with one angle or length to work out from the others."""

    name = "angles"
    Config = FigureConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"kinds": ("triangle", "straight", "segment"), "grain": 5, "longest": 20, "variety": 0, "size": (224, 448)},
            2: {"kinds": ("triangle", "straight", "rays", "crossing", "around", "segment"), "variety": 1, "size": (224, 600)},
            3: {"kinds": ("isosceles", "quadrilateral", "exterior", "around", "right triangle"), "triples": 6, "variety": 1},
            4: {},
            5: {"kinds": ("isosceles exterior", "inscribed", "thales", "parallel", "parallel triangle", "similar", "right triangle"),
                "triples": 16},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: FigureConfig) -> Item:
        start = rng.randrange(len(NAMES) - 7)
        drawn = KINDS[rng.choice(config.kinds)](rng, NAMES[start : start + 7], config)
        mark = rng.choice(("?", "x", "y")) if config.variety else "?"
        asks_angle = None in drawn.angles.values()
        question = rng.choice(ANGLE if asks_angle else LENGTH).format(mark=mark.replace("?", '"?"'))
        description = Description("figure", drawn.describe(mark))
        self.claim(description, question)
        canvas = Canvas(*picture_size(rng, config.size), Style.sample(rng, config.variety, config.renderer))
        picture = _Picture(rng, canvas, drawn, mark)
        picture.draw()
        image = canvas.image(rng)
        probes = on_line(image, picture.spots, picture.colour)
        ask = {"query": "angle" if asks_angle else "length", "mark": mark}
        return Item(image, question, str(drawn.answer), description, "\n".join(drawn.steps), ask, probes=probes)


class _Picture:
    """A figure turned, fitted to the page and drawn with its labels."""

    def __init__(self, rng: random.Random, canvas: Canvas, drawn: Figure, mark: str) -> None:
        self.canvas, self.drawn, self.mark = canvas, drawn, mark
        side = min(canvas.width, canvas.height)
        self.em = side * (0.08 if canvas.style.shift == 0 else rng.uniform(0.062, 0.085))
        self.line = stroke(canvas, 0.012 * side)
        self.colour: RGB = canvas.style.ink
        if canvas.style.shift and rng.random() < 0.3:
            self.colour = canvas.style.colour(rng, rng.choice(("blue", "red", "purple", "brown", "green")))
        self.places = self._fit(rng.uniform(0, 360), rng.choice((1, -1)))
        shortest = min(math.dist(self.places[a], self.places[b]) for a, b in map(tuple, drawn.lines))
        self.em = min(self.em, max(0.2 * shortest, 0.05 * side))

    def _fit(self, turn: float, flip: int) -> dict[str, XY]:
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        turned = {n: (x * flip * cos - y * sin, x * flip * sin + y * cos) for n, (x, y) in self.drawn.points.items()}
        spots = list(turned.values())
        if self.drawn.circle:
            spots += [(dx + x, dy + y) for x, y in spots[:1] for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        (left, right), (low, high) = ((min(v), max(v)) for v in zip(*spots, strict=True))
        margin = 1.9 * self.em
        wide, tall = self.canvas.width - 2 * margin, self.canvas.height - 2 * margin
        self.scale = min(wide / max(right - left, 1e-6), tall / max(high - low, 1e-6))
        x0, y0 = self.canvas.width / 2 - (left + right) / 2 * self.scale, self.canvas.height / 2 + (low + high) / 2 * self.scale
        return {n: (x0 + x * self.scale, y0 - y * self.scale) for n, (x, y) in turned.items()}

    def draw(self) -> None:
        """Draw it; `spots` are then points on its lines."""
        pieces = [(self.places[a], self.places[b]) for a, b in map(tuple, self.drawn.lines)]
        self.spots = [between(a, b, 0.37) for a, b in pieces]
        if self.drawn.circle:
            self.canvas.circle(self.places[next(iter(self.places))], self.scale, outline=self.colour, width=self.line)
        for start, end in pieces:
            self.canvas.line([start, end], self.colour, self.line)
        for side in self.drawn.equal:
            self._tick(*(self.places[n] for n in side))
        for side in self.drawn.parallel:
            self._chevron(*(self.places[n] for n in side))
        for name in self.places:
            self._name(name)
        for name, value in self.drawn.angles.items():
            one, at, other = (self.places[n] for n in name)
            self._angle(one, at, other, value)
        for name, value in self.drawn.lengths.items():
            start, end = (self.places[n] for n in name)
            self._length(start, end, value)

    def _tick(self, start: XY, end: XY) -> None:
        self.canvas.line([aside(start, end, 0.5, h * 0.3 * self.em) for h in (-1, 1)], self.colour, self.line)

    def _chevron(self, start: XY, end: XY) -> None:
        """An open arrow head on the line, as parallel lines are marked."""
        back = 0.25 * self.em / math.dist(start, end)
        wings = [aside(start, end, 0.8 - back, h * 0.28 * self.em) for h in (-1, 1)]
        self.canvas.line([wings[0], between(start, end, 0.8 + back), wings[1]], self.colour, self.line)

    def _rays(self, name: str) -> list[float]:
        """The directions, degrees, in which lines leave a point."""
        at, found = self.places[name], []
        for line in self.drawn.lines:
            start, end = (self.places[n] for n in line)
            if math.dist(start, at) + math.dist(at, end) < math.dist(start, end) + 1e-3:
                found += [direction(at, other) for other in (start, end) if math.dist(at, other) > 1e-3]
        return found

    def _name(self, name: str) -> None:
        """The point's letter in the widest gap between the lines that leave it; on a divided line opposite the measure."""
        rays = self._rays(name)[::-1] if len(self.drawn.lines) == 1 else sorted(self._rays(name))
        gaps = [((b - a) % 360 or 360, a) for a, b in zip(rays, [*rays[1:], rays[0]], strict=True)]
        gap, first = max(gaps, key=lambda found: found[0])
        place = polar(self.places[name], first + gap / 2, 0.8 * self.em)
        self.canvas.text(place, name, self.em)
        if len(rays) != 2 or self.drawn.circle or len(self.drawn.lines) == 1:
            self.canvas.circle(self.places[name], 1.2 * self.line, self.colour)

    def _angle(self, one: XY, at: XY, other: XY, value: int | None) -> None:
        start, end = direction(at, one), direction(at, other)
        if (end - start) % 360 > 180:
            start, end = end, start
        size = (end - start) % 360
        reach = min(math.dist(at, one), math.dist(at, other))
        if value == 90:
            a, b = (polar(at, turn, (0.9 if self.drawn.crowded else 0.75) * self.em) for turn in (start, start + size))
            self.canvas.line([a, (a[0] + b[0] - at[0], a[1] + b[1] - at[1]), b], self.colour, max(1.0, 0.7 * self.line))
            return
        text = f"{value}°" if value else self.mark
        least = 2.4 if self.drawn.crowded else 1.6
        away = min(max(least * self.em, 0.7 * self.em / math.sin(math.radians(size / 2))), 0.72 * reach)
        # A label beside its arc is wider than one above it.
        gap = (0.7 + 0.35 * abs(math.cos(math.radians(start + size / 2)))) * self.em
        self.canvas.line(arc(at, max(away - gap, 0.35 * self.em), start, start + size), self.colour, max(1.0, 0.7 * self.line))
        self.canvas.text(polar(at, start + size / 2, away), text, 0.85 * self.em)

    def _length(self, start: XY, end: XY, value: int | None) -> None:
        """At the side that looks away from the figure's middle; the whole of a divided line gets a measure of its own."""
        text = str(value or self.mark)
        away = -0.75 if len(self.drawn.lines) > 1 and self._outward(start, end) < 0 else 0.75
        if len(self.drawn.lines) == 1 and (start, end) == tuple(self.places[n] for n in self.drawn.lines[0]):
            a, b = aside(start, end, 0, -1.1 * self.em), aside(start, end, 1, -1.1 * self.em)
            for tail, tip in ((a, b), (b, a)):
                self.canvas.arrow(between(tail, tip, 0.5), tip, self.colour, max(1.0, 0.6 * self.line), 0.4 * self.em)
            away = -1.75
        self.canvas.text(aside(start, end, 0.5, away * self.em), text, self.em)

    def _outward(self, start: XY, end: XY) -> float:
        """Positive where the left side of start -> end looks away from the middle of all points."""
        x, y = (sum(v) / len(self.places) for v in zip(*self.places.values(), strict=True))
        left = aside(start, end, 0.5, 1.0)
        mid = between(start, end, 0.5)
        return (left[0] - mid[0]) * (mid[0] - x) + (left[1] - mid[1]) * (mid[1] - y)
