"""Shapes cut into parts, some of them shaded: fractions, per cents, what is left, and sums of two fractions."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from onevision.formal import figure
from onevision.formal.figure import Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Box, Canvas, Style, picture_size, regular_polygon
from onevision.tasks.strokes import Probe, arc, inside, polar
from onevision.types import Description

QUESTIONS = {
    "shaded": (
        "What fraction of the {what} is coloured?",
        "Which part of the {what} is shaded? Answer with a fraction.",
        "Write the coloured part of the {what} as a fraction.",
        "How much of the {what} is filled with colour, as a fraction?",
        "Give the shaded share of the {what} in lowest terms.",
    ),
    "blank": (
        "What fraction of the {what} is not coloured?",
        "Which part of the {what} is left white? Answer with a fraction.",
        "Write the part of the {what} without colour as a fraction.",
        "How much of the {what} is blank, as a fraction?",
        "Give the unshaded share of the {what} in lowest terms.",
    ),
    "percent": (
        "How many per cent of the {what} are coloured?",
        "What percentage of the {what} is shaded?",
        "Express the coloured part of the {what} in per cent.",
        "Which percentage of the {what} is filled with colour?",
        "Give the shaded share of the {what} as a percentage.",
    ),
    "sum": (
        "Add the coloured fractions of A and B.",
        "What is the sum of the two coloured fractions?",
        "How much is coloured in A and B together, in units of one whole shape?",
        "What do the shaded part of A and the shaded part of B make together?",
        "Work out the shaded fraction of A plus the shaded fraction of B.",
    ),
    "difference": (
        "By which fraction do the coloured parts of A and B differ?",
        "What is the difference between the two coloured fractions?",
        "Subtract the smaller coloured fraction from the larger one.",
        "How much larger is the larger of the two shaded fractions?",
        "Work out the difference of the shaded fractions of A and B.",
    ),
    "product": (
        "Multiply the coloured fractions of A and B.",
        "What is the product of the two coloured fractions?",
        "The shaded part of A is taken of the shaded part of B. Which fraction is that?",
        "What is the shaded fraction of A times the shaded fraction of B?",
        "Work out the product of the shaded fractions of A and B.",
    ),
}


@dataclass(frozen=True)
class ShadedFractionConfig(Config):
    """kinds: of KINDS; parts: fewest and most in a row or round a circle; rows: most of a grid; queries: of QUESTIONS;
    apart: how often shaded parts are scattered instead of beside each other."""

    kinds: tuple[str, ...] = ("pie", "bar", "grid", "polygon", "beads")
    parts: tuple[int, int] = (3, 10)
    rows: int = 5
    queries: tuple[str, ...] = ("shaded", "blank", "percent")
    apart: float = 0.5


class ShadedFraction(Task):
    """One or two shapes in equal or unequal parts; the Description writes `#` for a shaded part and `.` for a blank one."""

    name = "shaded_fraction"
    Config = ShadedFractionConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"kinds": ("pie", "bar"), "parts": (3, 8), "queries": ("shaded",), "apart": 0.0, "variety": 0, "size": (224, 448)},
            2: {"kinds": ("pie", "bar", "polygon", "beads"), "queries": ("shaded", "blank"), "variety": 1, "size": (224, 600)},
            3: {"kinds": ("pie", "grid", "grid", "polygon", "beads"), "variety": 1},
            4: {"queries": ("sum", "difference", "blank"), "parts": (3, 9)},
            5: {"kinds": ("pie", "grid", "polygon", "halves", "halves"), "parts": (4, 12), "rows": 6,
                "queries": ("sum", "difference", "product", "shaded")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: ShadedFractionConfig) -> Item:
        query = rng.choice(config.queries)
        two = query in ("sum", "difference", "product")
        while True:
            wholes = {name: _whole(rng, config) for name in ("AB" if two else "A")}
            answer, steps = _work(query, [whole.share() for whole in wholes.values()])
            if answer and max(answer.denominator, answer.numerator) <= 144 and (query != "percent" or answer.denominator == 1):
                break
        lines = [line for name, whole in wholes.items() for line in whole.steps(name)]
        question = rng.choice(QUESTIONS[query]).format(what=NOUNS[wholes["A"].kind])
        description = Description("figure", figure.write(tuple(s for name, whole in wholes.items() for s in whole.facts(name))))
        self.claim(description, question)
        image, probes = _picture(rng, config, wholes)
        return Item(image, question, str(answer), description, "\n".join(lines + steps), {"query": query}, probes=probes)


NOUNS = {"pie": "circle", "bar": "bar", "grid": "rectangle", "polygon": "shape", "beads": "row of beads", "halves": "square"}


def _work(query: str, shares: list[Fraction]) -> tuple[Fraction, list[str]]:
    """The answer and the lines that lead there from the shaded fractions, in lowest terms."""
    a, b = (*shares, Fraction(0))[:2]
    if query == "shaded":
        return a, []
    if query == "blank":
        return 1 - a, [f"1-{a}={1 - a}"]
    if query == "percent":
        return 100 * a, [f"100*{a}={100 * a}"]
    if query == "product":
        return a * b, [f"{a}*{b}={a * b}"]
    common = math.lcm(a.denominator, b.denominator)
    p, q = a * common, b * common
    if query == "sum":
        return a + b, [f"{p}/{common}+{q}/{common}={p + q}/{common}", str(a + b)]
    p, q = max(p, q), min(p, q)
    return abs(a - b), [f"{p}/{common}-{q}/{common}={p - q}/{common}", str(abs(a - b))]


@dataclass(frozen=True)
class _Whole:
    """One shape. rows: for each row of parts whether each is shaded; all parts are equal, but of "halves", whose parts
    are 1/2, 1/4, ... with the last one twice."""

    kind: str
    rows: tuple[tuple[bool, ...], ...]

    def sizes(self) -> list[Fraction]:
        parts = [shaded for row in self.rows for shaded in row]
        if self.kind != "halves":
            return [Fraction(1, len(parts))] * len(parts)
        return [Fraction(1, 2 ** min(k + 1, len(parts) - 1)) for k in range(len(parts))]

    def share(self) -> Fraction:
        flat = [shaded for row in self.rows for shaded in row]
        return sum((size for size, shaded in zip(self.sizes(), flat, strict=True) if shaded), Fraction(0))

    def facts(self, name: str) -> list[Statement]:
        drawn = [tuple("#" if shaded else "." for shaded in row) for row in self.rows]
        subjects = [name] if len(self.rows) == 1 else [f"{name} row {k + 1}" for k in range(len(self.rows))]
        if self.kind == "halves":
            drawn = [tuple(f"{size}{mark}" for size, mark in zip(self.sizes(), drawn[0], strict=True))]
        return [Statement(subject, ":", row) for subject, row in zip(subjects, drawn, strict=True)]

    def steps(self, name: str) -> list[str]:
        if self.kind == "halves":
            return self._add_up(name)
        lines, shaded, parts = [], 0, 0
        for row in self.rows:
            shaded, parts = shaded + sum(row), parts + len(row)
            lines.append(f"{sum(row)} of {len(row)}" + (f", {shaded} of {parts}" if len(self.rows) > 1 else ""))
        plain = f"{shaded}/{parts}"
        return [f"{name}: {lines[0]}", *lines[1:], plain if plain == str(self.share()) else f"{plain}={self.share()}"]

    def _add_up(self, name: str) -> list[str]:
        total, lines = Fraction(0), [f"{name}:"]
        for size, shaded in zip(self.sizes(), self.rows[0], strict=True):
            if shaded:
                lines.append(f"{total}+{size}={total + size}" if total else str(size))
                total += size
        return lines


def _whole(rng: random.Random, config: ShadedFractionConfig) -> _Whole:
    kind = rng.choice(config.kinds)
    count, height = rng.randint(*config.parts), rng.randint(2, config.rows) if kind == "grid" else 1
    if kind == "halves":
        count = rng.randint(4, 6)
    if kind == "grid":
        count = rng.randint(2, config.rows + 1)
    parts = count * height
    shaded = rng.randint(1, parts - 1)
    chosen = set(range(shaded))
    if kind == "halves" or rng.random() < config.apart:
        chosen = set(rng.sample(range(parts), shaded))
    return _Whole(kind, tuple(tuple(r * count + c in chosen for c in range(count)) for r in range(height)))


def _picture(rng: random.Random, config: ShadedFractionConfig, wholes: dict[str, _Whole]) -> tuple[Any, tuple[Probe, ...]]:
    """The finished image, with a probe inside each part."""
    two = len(wholes) > 1
    size = picture_size(rng, config.size, (1.5, 2.0) if two else (0.8, 1.25))
    canvas = Canvas(*size, Style.sample(rng, config.variety, config.renderer))
    colour = canvas.style.colour(rng, rng.choice(("blue", "green", "orange", "red", "purple", "cyan", "gray", "brown")))
    blank: RGB = (255, 255, 255)
    spots: list[tuple[XY, RGB]] = []
    for k, (name, whole) in enumerate(wholes.items()):
        left, wide, high = k * canvas.width / len(wholes), canvas.width / len(wholes), canvas.height
        name_em = 0.12 * min(wide, high) if two else 0.0
        side = 0.44 * min(wide, high - 1.5 * name_em)
        middle = (left + wide / 2, (high - 1.4 * name_em) / 2)
        places = _PARTS[whole.kind](whole, middle, side, rng)
        flat = [shaded for row in whole.rows for shaded in row]
        line = min(canvas.line_width, 0.03 * side)
        for (outline, spot), shaded in zip(places, flat, strict=True):
            canvas.polygon(outline, colour if shaded else blank, canvas.style.ink, line)
            spots.append((spot, colour if shaded else blank))
        if two:
            canvas.text((middle[0], high - 0.8 * name_em), name, name_em)
    return canvas.image(rng), tuple(probe for spot, wanted in spots for probe in inside([spot], wanted))


Part = tuple[list[XY], XY]
"""A part's outline and a point well inside it."""


def _box(box: Box) -> Part:
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)], ((left + right) / 2, (top + bottom) / 2)


def _pie(whole: _Whole, middle: XY, side: float, rng: random.Random) -> list[Part]:
    count, turn = len(whole.rows[0]), rng.choice((90.0, 90.0, rng.uniform(0, 360)))
    step = 360 / count
    # Clockwise from the top, as a clock is read.
    starts = [turn - step * (k + 1) for k in range(count)]
    return [([middle, *arc(middle, side, a, a + step)], polar(middle, a + step / 2, 0.6 * side)) for a in starts]


def _polygon(whole: _Whole, middle: XY, side: float, rng: random.Random) -> list[Part]:
    """A regular polygon in triangles that meet in its middle."""
    count = len(whole.rows[0])
    corners = regular_polygon(middle, side, count)
    return [([middle, a, b], ((middle[0] + a[0] + b[0]) / 3, (middle[1] + a[1] + b[1]) / 3))
            for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]  # fmt: skip


def _grid(whole: _Whole, middle: XY, side: float, rng: random.Random) -> list[Part]:
    rows, columns = len(whole.rows), len(whole.rows[0])
    high = min(side, side * rows / columns * rng.uniform(0.8, 1.2)) if rows > 1 else side * rng.uniform(0.25, 0.5)
    (x, y), wide, tall = middle, 2 * side / columns, 2 * high / rows
    return [_box((x - side + c * wide, y - high + r * tall, x - side + (c + 1) * wide, y - high + (r + 1) * tall))
            for r in range(rows) for c in range(columns)]  # fmt: skip


def _beads(whole: _Whole, middle: XY, side: float, rng: random.Random) -> list[Part]:
    count = len(whole.rows[0])
    pitch, (x, y) = 2 * side / count, middle
    corners = rng.choice((24, 24, 4, 6, 5))
    centres = [(x - side + (k + 0.5) * pitch, y) for k in range(count)]
    return [(regular_polygon(c, 0.42 * pitch, corners), c) for c in centres]


def _halves(whole: _Whole, middle: XY, side: float, rng: random.Random) -> list[Part]:
    """A square halved, the rest halved again, and so on, by turns upright and across."""
    (x, y), parts = middle, []
    left, top, right, bottom = x - side, y - side, x + side, y + side
    for k in range(len(whole.rows[0]) - 1):
        if k % 2 == 0:
            parts.append(_box((left, top, (left + right) / 2, bottom)))
            left = (left + right) / 2
        else:
            parts.append(_box((left, top, right, (top + bottom) / 2)))
            top = (top + bottom) / 2
    return [*parts, _box((left, top, right, bottom))]


_PARTS: dict[str, Callable[[_Whole, XY, float, random.Random], list[Part]]] = {
    "pie": _pie, "bar": _grid, "grid": _grid, "polygon": _polygon, "beads": _beads, "halves": _halves,
}  # fmt: skip
