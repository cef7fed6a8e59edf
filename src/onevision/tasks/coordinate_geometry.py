"""Points on a coordinate grid: read them, mirror and move them, find midpoints, slopes, distances and areas."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from onevision.formal import figure
from onevision.formal.figure import Point, Statement
from onevision.tasks.axes import Axes, Scale
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import Canvas, Style, picture_size
from onevision.tasks.strokes import inside, stroke
from onevision.tasks.terms import signed
from onevision.types import Description

QUESTIONS = {
    "read": (
        "What are the coordinates of {a}?",
        "Where is the point {a}? Answer with its coordinates.",
        "Read the coordinates of the point {a}.",
        "At which coordinates does {a} lie?",
        "Give the position of {a} as (x,y).",
    ),
    "which": (
        "Which point has the coordinates {at}?",
        "Which letter marks the point {at}?",
        "What is the name of the point at {at}?",
        "Which of the points lies at {at}?",
        "Name the point with the coordinates {at}.",
    ),
    "mirror": (
        "The point {a} is reflected in the {axis}. Where does it land?",
        "What are the coordinates of the mirror image of {a} in the {axis}?",
        "Reflect {a} in the {axis} and give the new coordinates.",
        "Where is {a} after a reflection in the {axis}?",
        "Which coordinates has the reflection of {a} in the {axis}?",
    ),
    "move": (
        "The point {a} moves {dx} to the right and {dy} up. Where is it then?",
        "Where does {a} land after a move of {dx} to the right and {dy} up?",
        "Move {a} by {dx} to the right and {dy} upwards. What are its new coordinates?",
        "From {a} one goes {dx} right and {dy} up. At which coordinates does one arrive?",
        "Shift {a} right by {dx} and up by {dy}. Give the coordinates.",
    ),
    "midpoint": (
        "What is the midpoint of {a} and {b}?",
        "Which point lies halfway between {a} and {b}?",
        "Find the midpoint of the segment {a}{b}.",
        "Give the coordinates of the middle of {a} and {b}.",
        "Where is the centre of the segment from {a} to {b}?",
    ),
    "fourth": (
        "{a}, {b} and {c} are three corners of a parallelogram in this order. Where is the fourth corner?",
        "Which point completes {a}, {b}, {c}, taken in order, to a parallelogram?",
        "The parallelogram {a}{b}{c}X has its corners in this order. What are the coordinates of X?",
        "Find the fourth corner of the parallelogram that begins {a}, {b}, {c}.",
        "Give the corner opposite {b} in the parallelogram whose other corners are {a}, {b} and {c}.",
    ),
    "slope": (
        "What is the slope of the line through {a} and {b}?",
        "Find the gradient of the line {a}{b}.",
        "How steep is the line from {a} to {b}? Give its slope.",
        "Work out the slope between {a} and {b}.",
        "Which gradient has the straight line through {a} and {b}?",
    ),
    "square": (
        "What is the square of the distance from {a} to {b}?",
        "How large is the square drawn on the segment {a}{b}?",
        "Find the squared distance between {a} and {b}.",
        "The distance from {a} to {b} is the square root of which number?",
        "Work out the square of the length {a}{b}.",
    ),
    "area": (
        "What is the area of the triangle {a}{b}{c}?",
        "How large is the triangle with the corners {a}, {b} and {c}, in square units?",
        "Find the area of triangle {a}{b}{c}.",
        "How many square units does the triangle {a}{b}{c} cover?",
        "Work out the area enclosed by {a}, {b} and {c}.",
    ),
}
MIRRORS = {"x-axis": (1, -1), "y-axis": (-1, 1), "origin": (-1, -1)}
NAMES = "ABCDEFGHKLMNPQRSTUVW"


@dataclass(frozen=True)
class CoordinateGeometryConfig(Config):
    """reach: largest coordinate; negative: whether there are negative ones; points: fewest and most; step: the numbers at
    the axes are multiples of it; plain: how often there is no grid; queries: of QUESTIONS, repeated to weigh."""

    reach: int = 6
    negative: bool = True
    points: tuple[int, int] = (3, 5)
    step: tuple[int, ...] = (1, 1, 2)
    plain: float = 0.0
    queries: tuple[str, ...] = ("read", "mirror", "midpoint", "move", "slope", "fourth")


class CoordinateGeometry(Task):
    """Lettered points with whole coordinates on a numbered grid; its Description lists them."""

    name = "coordinate_geometry"
    Config = CoordinateGeometryConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"negative": False, "points": (1, 3), "step": (1,), "queries": ("read", "read", "which"), "variety": 0, "size": (224, 448)},
            2: {"negative": False, "reach": 8, "points": (2, 4), "step": (1,), "queries": ("read", "which", "move", "midpoint"),
                "variety": 1, "size": (224, 600)},
            3: {"reach": 5, "variety": 1, "step": (1,), "queries": ("read", "read", "which", "mirror", "move", "midpoint")},
            4: {},
            5: {"reach": 9, "points": (4, 6), "step": (1, 3, 5), "plain": 0.15, "queries": ("fourth", "slope", "square", "area", "area")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: CoordinateGeometryConfig) -> Item:
        query = rng.choice(config.queries)
        points = _place(rng, config, query)
        names = list(points)[: CORNERS.get(query, 1)]
        fill, answer, steps = ASK[query](rng, *((name, points[name]) for name in names))
        ask = {"query": query, "points": names} | fill
        question = rng.choice(QUESTIONS[query]).format(**dict(zip("abc", names, strict=False)), **fill)
        statements = [Statement(name, ":", (points[name],)) for name in sorted(points)]
        description = Description("figure", figure.write(tuple(statements)))
        self.claim(description, question)
        image, probes = _picture(rng, config, points, names if query == "area" else [])
        return Item(image, question, answer, description, "\n".join(steps), ask, probes=probes)


CORNERS = {"midpoint": 2, "slope": 2, "square": 2, "fourth": 3, "area": 3}


def _place(rng: random.Random, config: CoordinateGeometryConfig, query: str) -> dict[str, Point]:
    """Lettered points at least two apart, the ones asked about first and such that the question has a sense."""
    # Coordinates of -1 would lie on the axes' numbers.
    free = [v for v in range(-config.reach if config.negative else 0, config.reach + 1) if v != -1]
    count = max(rng.randint(*config.points), CORNERS.get(query, 1))
    while True:
        points = [(rng.choice(free), rng.choice(free)) for _ in range(count)]
        apart = all(abs(a[0] - b[0]) + abs(a[1] - b[1]) > 2 for k, a in enumerate(points) for b in points[:k])
        if apart and _makes_sense(query, points):
            return dict(zip(rng.sample(NAMES, count), points, strict=True))


def _makes_sense(query: str, points: list[Point]) -> bool:
    (x, y), (u, v), (s, t) = (*points, (0, 0), (0, 0))[:3]
    if query in ("fourth", "area"):
        return abs((u - x) * (t - y) - (s - x) * (v - y)) > 3
    if query == "slope":
        # All slopes about as likely: 0 and whole ones would come up often.
        return x != u and y != v and (abs(v - y) % abs(u - x) != 0 or (x + y + u + v) % 2 == 0)
    if query == "midpoint":
        return (x + u) % 2 == 0 and (y + v) % 2 == 0
    return query != "mirror" or (x != 0 and y != 0)


Named = tuple[str, Point]
Asked = tuple[dict[str, Any], str, list[str]]
"""what the question is filled with, answer, steps"""


def _written(point: tuple[object, object]) -> str:
    return f"({point[0]},{point[1]})"


def _said(*points: Named) -> list[str]:
    return [f"{name}: {_written(at)}" for name, at in points]


def _read(rng: random.Random, a: Named) -> Asked:
    return {}, _written(a[1]), _said(a)


def _which(rng: random.Random, a: Named) -> Asked:
    return {"at": _written(a[1])}, a[0], [f"{_written(a[1])}: {a[0]}"]


def _mirror(rng: random.Random, a: Named) -> Asked:
    axis = rng.choice(list(MIRRORS))
    x, y = (v * sign for v, sign in zip(a[1], MIRRORS[axis], strict=True))
    return {"axis": axis}, _written((x, y)), [*_said(a), f"{axis}: {_written((x, y))}"]


def _move(rng: random.Random, a: Named) -> Asked:
    (x, y), dx, dy = a[1], rng.randint(1, 6), rng.randint(1, 6)
    work = [f"{x}+{dx}={x + dx}", f"{y}+{dy}={y + dy}", _written((x + dx, y + dy))]
    return {"dx": dx, "dy": dy}, work[-1], [*_said(a), *work]


def _midpoint(rng: random.Random, a: Named, b: Named) -> Asked:
    (x, y), (u, v) = a[1], b[1]
    work = [f"{p}+{signed(q)}={p + q}, {p + q}/2={(p + q) // 2}" for p, q in ((x, u), (y, v))]
    answer = _written(((x + u) // 2, (y + v) // 2))
    return {}, answer, [*_said(a, b), *work, answer]


def _fourth(rng: random.Random, a: Named, b: Named, c: Named) -> Asked:
    lines = _said(a, b, c)
    corner = []
    for axis in (0, 1):
        p, q, r = a[1][axis], b[1][axis], c[1][axis]
        lines.append(f"{p}+{signed(r)}={p + r}, {p + r}-{signed(q)}={p + r - q}")
        corner.append(p + r - q)
    answer = _written((corner[0], corner[1]))
    return {}, answer, [*lines, answer]


def _slope(rng: random.Random, a: Named, b: Named) -> Asked:
    (x, y), (u, v) = a[1], b[1]
    rise, run = v - y, u - x
    slope = str(Fraction(rise, run))
    return {}, slope, [*_said(a, b), f"{v}-{signed(y)}={rise}", f"{u}-{signed(x)}={run}", f"{rise}/{signed(run)}={slope}"]


def _square(rng: random.Random, a: Named, b: Named) -> Asked:
    (x, y), (u, v) = a[1], b[1]
    p, q = u - x, v - y
    work = [f"{u}-{signed(x)}={p}", f"{v}-{signed(y)}={q}"]
    return {}, str(p * p + q * q), [*_said(a, b), *work, f"{p * p}+{q * q}={p * p + q * q}"]


def _area(rng: random.Random, a: Named, b: Named, c: Named) -> Asked:
    """Half the cross product of two sides."""
    (x, y), (u, v), (s, t) = a[1], b[1], c[1]
    lines = _said(a, b, c)
    p, q, r, w = u - x, v - y, s - x, t - y
    lines += [f"{u}-{signed(x)}={p}, {v}-{signed(y)}={q}", f"{s}-{signed(x)}={r}, {t}-{signed(y)}={w}"]
    lines += [f"{p}*{signed(w)}={p * w}", f"{q}*{signed(r)}={q * r}", f"{p * w}-{signed(q * r)}={p * w - q * r}"]
    double = abs(p * w - q * r)
    answer = _half(double)
    return {}, answer, [*lines, f"{double}/2={answer}"]


def _half(double: int) -> str:
    return f"{double // 2}.5" if double % 2 else str(double // 2)


ASK: dict[str, Callable[..., Asked]] = {
    "read": _read, "which": _which, "mirror": _mirror, "move": _move, "midpoint": _midpoint, "fourth": _fourth,
    "slope": _slope, "square": _square, "area": _area,
}  # fmt: skip


def _picture(rng: random.Random, config: CoordinateGeometryConfig, points: dict[str, Point], shape: list[str]) -> tuple[Any, Any]:
    """The finished image and its probes, one in each point's dot. shape: names of a triangle's corners to be drawn."""
    canvas = Canvas(*picture_size(rng, config.size, (0.85, 1.18)), Style.sample(rng, config.variety, config.renderer))
    side = min(canvas.width, canvas.height)
    step = rng.choice(config.step)
    low = -config.reach if config.negative else 0
    high = config.reach if config.negative or not config.variety else config.reach + rng.randint(0, 2)
    em = side * rng.uniform(0.042, 0.052)
    scale = Scale(low, high, step)
    axes = Axes.square(canvas, scale, scale, em, 2.1 * em)
    axes.draw(grid=rng.random() >= config.plain)
    colour = canvas.style.colour(rng, rng.choice(("red", "blue", "green", "purple", "orange")))
    if shape:
        corners = [axes.at(*points[name]) for name in shape]
        canvas.polygon(corners, outline=colour, width=min(stroke(canvas), 0.12 * em))
    radius = max(2.6, 0.24 * em)
    for name, point in points.items():
        x, y = axes.at(*point)
        canvas.circle((x, y), radius, colour)
        # Away from the page's edge and from the numbers left of and below the axes.
        dx = -1 if point[0] == high or -3 <= point[0] < 0 else 1
        dy = 1 if point[1] == high or -3 <= point[1] < 0 else -1
        canvas.text((x + dx * 0.7 * em, y + dy * 0.65 * em), name, 1.15 * em)
    return canvas.image(rng), inside([axes.at(*point) for point in points.values()], colour)
