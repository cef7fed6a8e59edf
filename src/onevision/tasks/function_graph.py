"""Graphs of functions on a grid: read values, roots, turning points, slopes, crossings, and one function of another."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from onevision.formal import figure
from onevision.formal.figure import Point, Statement
from onevision.tasks.axes import Axes, Scale
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import XY, Canvas, Style, picture_size
from onevision.tasks.strokes import between, on_line, stroke
from onevision.tasks.terms import signed
from onevision.types import Description

QUESTIONS = {
    "value": (
        "What is {f}({n})?",
        "Read the value of {f} at x = {n}.",
        "What is the height of the graph of {f} at x = {n}?",
        "Which value does {f} take at x = {n}?",
        "Find {f}({n}) from the graph.",
    ),
    "solve": (
        "For which x is {f}(x) = {n}?",
        "Solve {f}(x) = {n} with the graph.",
        "At which x does {f} take the value {n}?",
        "Where does the graph of {f} reach the height {n}? Give x.",
        "Find the x with {f}(x) = {n}.",
    ),
    "turn": (
        "At which point does the graph of {f} turn?",
        "What are the coordinates of the turning point of {f}?",
        "Give the vertex of the graph of {f}.",
        "Where is the corner or vertex of {f}?",
        "Find the point at which {f} changes between rising and falling.",
    ),
    "slope": (
        "What is the slope of the line {f}?",
        "Find the gradient of {f}.",
        "How steep is the graph of {f}? Give its slope.",
        "By how much does {f} change when x grows by 1?",
        "Which slope has the graph of {f}?",
    ),
    "meet": (
        "At which point do the graphs of {f} and {g} meet?",
        "Where do {f} and {g} cross? Give the coordinates.",
        "What are the coordinates of the point that {f} and {g} share?",
        "Find the point of intersection of {f} and {g}.",
        "Which point lies on both graphs?",
    ),
    "add": (
        "What is {f}({n}) + {g}({m})?",
        "Find the sum of {f}({n}) and {g}({m}).",
        "Read {f}({n}) and {g}({m}) and add them.",
        "Add {f}({n}) to {g}({m}).",
        "How much are {f}({n}) and {g}({m}) together?",
    ),
    "inner": (
        "What is {f}({g}({n}))?",
        "Find {f} of {g}({n}).",
        "Apply {g} to {n}, then {f} to the result. What comes out?",
        "Put {g}({n}) into {f}. Which value results?",
        "Work out {f}({g}({n})) from the graphs.",
    ),
}
KINDS = ("line", "parabola", "angle", "broken")


@dataclass(frozen=True)
class FunctionGraphConfig(Config):
    """low, high: of both axes; kinds: of KINDS; slopes: those of lines; graphs: one or two; step: the numbers at the axes
    are multiples of it; queries: of QUESTIONS that fit the kinds and the number of graphs."""

    low: int = -5
    high: int = 5
    kinds: tuple[str, ...] = KINDS
    slopes: tuple[float, ...] = (1, -1, 2, -2, 0.5, -0.5, 3, -3, 1.5, -1.5)
    graphs: int = 1
    step: tuple[int, ...] = (1,)
    queries: tuple[str, ...] = ("value", "solve", "turn", "slope")


class FunctionGraph(Task):
    """One or two drawn functions; the Description lists the grid points that each graph goes through."""

    name = "function_graph"
    Config = FunctionGraphConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"low": 0, "high": 7, "kinds": ("line", "broken"), "queries": ("value",), "variety": 0, "size": (224, 448)},
            2: {"low": -4, "kinds": ("line", "broken"), "queries": ("value", "value", "solve"), "variety": 1, "size": (224, 600)},
            3: {"variety": 1, "queries": ("value", "solve", "turn", "slope")},
            4: {"graphs": 2, "queries": ("meet", "add", "value", "slope")},
            5: {"low": -6, "high": 6, "graphs": 2, "step": (1, 2, 3), "queries": ("meet", "add", "inner", "inner", "turn")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: FunctionGraphConfig) -> Item:
        query = rng.choice(config.queries)
        names = rng.sample("fghpq", config.graphs)
        while True:
            graphs = [_graph(rng, config, _kind(rng, config, query, k)) for k in range(config.graphs)]
            if asked := ASK[query](rng, names, graphs):
                break
        fill, answer, steps = asked
        shown = dict(zip(names, graphs, strict=True))
        question = rng.choice(QUESTIONS[query]).format(**fill)
        said = [Statement(name, ":", (graph.kind, *graph.points)) for name, graph in sorted(shown.items())]
        description = Description("figure", figure.write(tuple(said)))
        self.claim(description, question)
        image, probes = _picture(rng, config, shown)
        return Item(image, question, answer, description, "\n".join(steps), {"query": query} | fill, probes=probes)


@dataclass(frozen=True)
class _Graph:
    """points: the grid points in the window on the graph, by x; curve: its course, straight between neighbours."""

    kind: str
    points: tuple[Point, ...]
    curve: tuple[XY, ...]

    def at(self, x: int) -> int | None:
        return dict(self.points).get(x)


def _kind(rng: random.Random, config: FunctionGraphConfig, query: str, place: int) -> str:
    """The first graph must be one that the question fits."""
    fits = {"slope": ("line",), "turn": ("parabola", "angle")}.get(query, config.kinds) if place == 0 else config.kinds
    return rng.choice([kind for kind in config.kinds if kind in fits])


NEAR = 1e-9
Formula = Callable[[float], float]


def _graph(rng: random.Random, config: FunctionGraphConfig, kind: str) -> _Graph:
    """A graph with at least four grid points in the window."""
    while True:
        formula, knots = _FORMULA[kind](rng, config)
        heights = [(x, formula(x)) for x in range(config.low, config.high + 1)]
        points = tuple((x, round(y)) for x, y in heights if abs(y - round(y)) < NEAR and _in(config, y))
        if len(points) >= 4:
            return _Graph(kind, points, _course(config, formula, knots))


def _in(config: FunctionGraphConfig, y: float) -> bool:
    return config.low - NEAR <= y <= config.high + NEAR


def _course(config: FunctionGraphConfig, formula: Formula, knots: list[int]) -> tuple[XY, ...]:
    """Samples of the graph as far as it is in the window; parabolas need many, the others their knots."""
    count = 12
    grid = [k / count for k in range(config.low * count, config.high * count + 1)]
    inside = [(x, y) for x in grid for y in (formula(x),) if _in(config, y)]
    return tuple(inside if not knots else [p for k, p in enumerate(inside) if p[0] in knots or k in (0, len(inside) - 1)])


def _line(rng: random.Random, config: FunctionGraphConfig) -> tuple[Formula, list[int]]:
    slope = rng.choice(config.slopes)
    x0, y0 = rng.randint(config.low, config.high), rng.randint(config.low, config.high)
    return lambda x: slope * (x - x0) + y0, [config.low]


def _parabola(rng: random.Random, config: FunctionGraphConfig) -> tuple[Formula, list[int]]:
    a = rng.choice((1, -1, 1, -1, 0.5, -0.5, 2, -2))
    x0, y0 = rng.randint(config.low + 1, config.high - 1), rng.randint(config.low, config.high)
    return lambda x: a * (x - x0) ** 2 + y0, []


def _angle(rng: random.Random, config: FunctionGraphConfig) -> tuple[Formula, list[int]]:
    a = rng.choice((1, -1, 2, -2))
    x0, y0 = rng.randint(config.low + 1, config.high - 1), rng.randint(config.low, config.high)
    return lambda x: a * abs(x - x0) + y0, [x0]


def _broken(rng: random.Random, config: FunctionGraphConfig) -> tuple[Formula, list[int]]:
    """Straight pieces between grid points, from the window's left edge to its right one."""
    knots = sorted({config.low, config.high, *rng.sample(range(config.low + 1, config.high), rng.randint(2, 3))})
    heights = [rng.randint(config.low, config.high) for _ in knots]
    pieces = list(zip(pairwise(knots), pairwise(heights), strict=True))

    def formula(x: float) -> float:
        (a, b), (y, z) = next(piece for piece in pieces if x <= piece[0][1])
        return y + (x - a) * (z - y) / (b - a)

    return formula, knots


_FORMULA = {"line": _line, "parabola": _parabola, "angle": _angle, "broken": _broken}

Asked = tuple[dict[str, Any], str, list[str]]
"""what the question is filled with, answer, steps"""


def _value(rng: random.Random, names: list[str], graphs: list[_Graph]) -> Asked:
    x, y = rng.choice(graphs[0].points)
    return {"f": names[0], "n": x}, str(y), [f"{names[0]}({x})={y}"]


def _solve(rng: random.Random, names: list[str], graphs: list[_Graph]) -> Asked | None:
    x, y = rng.choice(graphs[0].points)
    course = [b for _, b in graphs[0].curve]
    # The height is reached once only.
    crossings = sum((p - y) * (q - y) < 0 for p, q in pairwise(course)) + course.count(y)
    turning_twice = any(v == y for v in course[1:-1]) and crossings != 1
    if crossings != 1 or turning_twice or [q for _, q in graphs[0].points].count(y) != 1:
        return None
    return {"f": names[0], "n": y}, str(x), [f"{names[0]}({x})={y}", f"x={x}"]


def _turn(rng: random.Random, names: list[str], graphs: list[_Graph]) -> Asked | None:
    peak = _inner_extreme(graphs[0])
    return peak and ({"f": names[0]}, f"({peak[0]},{peak[1]})", [f"{names[0]} turns at ({peak[0]},{peak[1]})"])


def _inner_extreme(graph: _Graph) -> Point | None:
    """The one point both of whose neighbours lie on the same side of it, at x ± 1 grid points too."""
    for (x, y), (u, v), (s, t) in zip(graph.points, graph.points[1:], graph.points[2:], strict=False):
        if u - x == s - u == 1 and (v - y) * (t - v) < 0:
            return u, v
    return None


def _slope(rng: random.Random, names: list[str], graphs: list[_Graph]) -> Asked:
    (x, y), (u, v) = graphs[0].points[:2]
    slope = str(Fraction(v - y, u - x))
    steps = [f"({x},{y}) ({u},{v})", f"{v}-{signed(y)}={v - y}", f"{u}-{signed(x)}={u - x}", f"{v - y}/{u - x}={slope}"]
    return {"f": names[0]}, slope, steps


def _meet(rng: random.Random, names: list[str], graphs: list[_Graph]) -> Asked | None:
    """Only where the graphs cross once, at a grid point and not too flatly."""
    shared = [point for point in graphs[0].points if point in graphs[1].points]
    gaps = [_gap(graphs, (shared[0][0] if shared else 0) + dx) for dx in (-0.7, 0.7)]
    if len(shared) != 1 or gaps[0] * gaps[1] >= 0 or min(map(abs, gaps)) < 0.4 or _crossings(graphs) != 1:
        return None
    (x, y) = shared[0]
    f, g = sorted(names)
    return {"f": f, "g": g}, f"({x},{y})", [f"{f}({x})={y}", f"{g}({x})={y}", f"({x},{y})"]


def _crossings(graphs: list[_Graph]) -> int:
    """How often the gap between the two graphs changes its sign or vanishes, on a fine grid."""
    first, last = (f(f_(x for x, _ in graph.curve) for graph in graphs) for f, f_ in ((max, min), (min, max)))
    gaps = [_gap(graphs, first + (last - first) * k / 97) for k in range(98)]
    return sum(a * b < 0 or b == 0 for a, b in pairwise(gaps))


def _gap(graphs: list[_Graph], x: float) -> float:
    """How much higher the first graph is at x; 0 where one of the two has no value."""
    heights = [next((_on(a, b, x) for a, b in pairwise(graph.curve) if a[0] <= x <= b[0]), None) for graph in graphs]
    return 0.0 if heights[0] is None or heights[1] is None else heights[0] - heights[1]


def _on(a: XY, b: XY, x: float) -> float:
    return a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])


def _add(rng: random.Random, names: list[str], graphs: list[_Graph]) -> Asked:
    (f, g), (n, p), (m, q) = names, rng.choice(graphs[0].points), rng.choice(graphs[1].points)
    steps = [f"{f}({n})={p}", f"{g}({m})={q}", f"{p}+{signed(q)}={p + q}"]
    return {"f": f, "g": g, "n": n, "m": m}, str(p + q), steps


def _inner(rng: random.Random, names: list[str], graphs: list[_Graph]) -> Asked | None:
    (f, g), (n, p) = names, rng.choice(graphs[1].points)
    y = graphs[0].at(p)
    return None if y is None else ({"f": f, "g": g, "n": n}, str(y), [f"{g}({n})={p}", f"{f}({p})={y}"])


ASK: dict[str, Callable[..., Asked | None]] = {
    "value": _value, "solve": _solve, "turn": _turn, "slope": _slope, "meet": _meet, "add": _add, "inner": _inner,
}  # fmt: skip


def _picture(rng: random.Random, config: FunctionGraphConfig, graphs: dict[str, _Graph]) -> tuple[Any, Any]:
    """The finished image, with probes on the graphs at their grid points."""
    canvas = Canvas(*picture_size(rng, config.size, (0.85, 1.18)), Style.sample(rng, config.variety, config.renderer))
    side = min(canvas.width, canvas.height)
    em = side * rng.uniform(0.042, 0.052)
    scale = Scale(config.low, config.high, rng.choice(config.step))
    axes = Axes.square(canvas, scale, scale, em, 2.1 * em)
    axes.draw()
    width = max(stroke(canvas, 0.012 * side), 0.007 * side)
    hues = rng.sample(("red", "blue", "green", "purple", "orange", "brown"), len(graphs))
    colours = {name: canvas.style.colour(rng, hue) for name, hue in zip(graphs, hues, strict=True)}
    for name, graph in graphs.items():
        canvas.line([axes.at(*point) for point in graph.curve], colours[name], width)
        if graph.kind == "broken" or not config.variety:
            for point in graph.points:
                canvas.circle(axes.at(*point), 1.6 * width, colours[name])
    for name, graph in graphs.items():
        canvas.text(_free_spot(axes, graph, list(graphs.values()), em), name, 1.3 * em, colours[name])
    image = canvas.image(rng)
    last = list(graphs)[-1]
    probes = [p for p in graphs[last].points if p[0] and p[1] and abs(p[0]) < config.high][:4] or list(graphs[last].points[:1])
    return image, on_line(image, [axes.at(*p) for p in probes], colours[last])


def _free_spot(axes: Axes, graph: _Graph, graphs: list[_Graph], em: float) -> XY:
    """Beside the graph, as far as can be from all graphs and from the axes' numbers, on the page."""
    pieces = [pair for other in graphs for pair in pairwise([axes.at(*p) for p in other.curve])]
    taken = [between(a, b, k / n) for a, b in pieces for n in (max(1, round(math.dist(a, b) / em)),) for k in range(n + 1)]
    taken += [axes.at(v, 0) for v in range(axes.x.low, axes.x.high + 2)]
    taken += [axes.at(0, v) for v in range(axes.y.low, axes.y.high + 2)]
    spots = [axes.at(*p) for p in graph.curve[:: max(1, len(graph.curve) // 12)]]
    ways = ((0.9, -0.7), (-0.9, -0.7), (0.9, 0.7), (-0.9, 0.7), (1.1, 0), (-1.1, 0))
    beside = [(x + dx * em, y + dy * em) for x, y in spots for dx, dy in ways]
    inside = [s for s in beside if em < s[0] < axes.canvas.width - em and em < s[1] < axes.canvas.height - em]
    return max(inside, key=lambda spot: min(math.dist(spot, other) for other in taken))
