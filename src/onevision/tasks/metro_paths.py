"""A metro map of coloured paths between lettered stations: count the paths from one station to another."""

import heapq
import math
import random
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Any

from onevision.formal import figure
from onevision.formal.figure import Statement
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import COLOURS, RGB, XY, Canvas, Style, picture_size
from onevision.tasks.walks import count
from onevision.types import Description

QUESTIONS = (
    "How many single-colored paths go from {a} to {b}? Answer with a number in curly brackets, e.g., {{3}}",
    "Count the one-colored routes that go from {a} to {b}. Answer with a number in curly brackets, e.g., {{3}}",
    "How many paths connect {a} and {b}?",
    "How many lines run between station {a} and station {b}?",
    "Count the paths of one color between {a} and {b}.",
    "How many single-colored routes lead from {a} to {b}?",
    "What is the number of paths that go from {a} to {b}?",
)

TAB10: dict[str, RGB] = {
    "red": (214, 39, 40),
    "green": (44, 160, 44),
    "blue": (31, 119, 180),
    "orange": (255, 127, 14),
    "purple": (148, 103, 189),
    "brown": (140, 86, 75),
    "pink": (227, 119, 194),
    "gray": (127, 127, 127),
    "cyan": (23, 190, 207),
}
"""Matplotlib's own shades, which BlindTest draws in."""

PALETTE = tuple(TAB10)
SLOTS = 3
"""Paths a station takes, side by side."""

Node = tuple[int, int]
Path = list[Node]
Edges = set[tuple[Node, Node]]


@dataclass(frozen=True)
class MetroPathsConfig(Config):
    """paths: fewest and most; steps: lattice steps across the map (BlindTest has 12 inside its margins);
    wiggle: how far paths stray from the shortest way; stations: fewest and most; letters: stations are named A, B, C
    ... clockwise from the top, or by any letters.
    """

    paths: tuple[int, int] = (2, 6)
    colours: int = 9
    steps: int = 12
    wiggle: float = 5.0
    stations: tuple[int, int] = (4, 4)
    letters: bool = False


class MetroPaths(Task):
    """Paths of one colour each along a lattice between stations around it, as in BlindTest's subway map."""

    name = "metro_paths"
    version = 3
    Config = MetroPathsConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        return {
            1: {"paths": (1, 2), "colours": 5, "steps": 6, "wiggle": 0.0, "variety": 0, "size": (224, 448)},
            2: {"paths": (2, 3), "colours": 6, "steps": 8, "wiggle": 1.0, "variety": 1, "size": (224, 448)},
            3: {"paths": (2, 6), "variety": 1, "size": (224, 700)},
            4: {"paths": (3, 7), "stations": (4, 5), "letters": True},
            5: {"paths": (4, 9), "stations": (4, 6), "letters": True, "wiggle": 8.0},
        }[level]

    def draw(self, rng: random.Random, config: MetroPathsConfig) -> Item:
        names, places = _stations(rng, config)
        asked = rng.sample(names, 2)
        pairs = _pairs(rng, config, names, asked)
        rng.shuffle(pairs)
        picked = rng.sample(PALETTE[: config.colours], len(pairs))
        paths = dict(zip((name for name in COLOURS if name in picked), pairs, strict=True))
        text = figure.write(tuple(Statement(f"{colour} path", ":", pair) for colour, pair in paths.items()))
        wanted = tuple(sorted(asked))
        walk = count([(f"{colour} {' '.join(pair)}", pair == wanted) for colour, pair in paths.items()], f"= {' '.join(wanted)}")
        answer = str(sum(pair == wanted for pair in pairs))
        steps = f"{walk}\n{' '.join(wanted)}: {answer}"
        question = rng.choice(QUESTIONS).format(a=asked[0], b=asked[1])
        description = Description("figure", text)
        self.claim(description, question)
        canvas = Canvas(*_page(rng, config), Style.sample(rng, config.variety, config.renderer))
        probes = _draw_map(rng, canvas, config, dict(zip(names, places, strict=True)), paths)
        return Item(canvas.image(rng), question, answer, description, steps, {"stations": asked}, probes=probes)


def _page(rng: random.Random, config: MetroPathsConfig) -> tuple[int, int]:
    aspect = 1.0 if config.variety == 0 or rng.random() < 0.5 else rng.uniform(0.85, 1.2)
    return picture_size(rng, config.size, (aspect, aspect))


def _stations(rng: random.Random, config: MetroPathsConfig) -> tuple[list[str], list[tuple[str, int]]]:
    """Names and places (side, lattice step along it), clockwise from the top; a fifth and sixth share a side."""
    count, half, quarter = rng.randint(*config.stations), config.steps // 2, config.steps // 4
    doubled = rng.sample(("top", "right", "bottom", "left"), count - 4)
    places = []
    for side in ("top", "right", "bottom", "left"):
        along = [quarter, config.steps - quarter] if side in doubled else [half]
        places += [(side, at) for at in (along if side in ("top", "right") else reversed(along))]
    names = rng.sample("ABCDEFGHJKLMNPQRSTUVWXYZ", count) if config.letters and rng.random() < 0.7 else "ABCDEF"[:count]
    return list(names), places


def _pairs(rng: random.Random, config: MetroPathsConfig, names: list[str], asked: list[str]) -> list[tuple[str, str]]:
    """The stations each path joins; how many join the asked two is chosen first, evenly from 0 to 3."""
    wanted = rng.randint(0, min(SLOTS, config.paths[1]))
    total = rng.randint(max(wanted, config.paths[0]), config.paths[1])
    target = (min(asked), max(asked))
    pairs, free = [target] * wanted, {name: SLOTS - wanted * (name in asked) for name in names}
    while len(pairs) < total:
        others = [p for p in combinations(sorted(names), 2) if p != target and free[p[0]] and free[p[1]]]
        if not others:
            break
        pairs.append(rng.choice(others))
        for name in pairs[-1]:
            free[name] -= 1
    return pairs


def _draw_map(rng: random.Random, canvas: Canvas, config: MetroPathsConfig, places: dict[str, tuple[str, int]],
              paths: dict[str, tuple[str, str]]) -> tuple[tuple[int, int, RGB], ...]:  # fmt: skip
    slots = {name: rng.sample((-1, 0, 1), SLOTS) for name in places}
    # Far shades of gray, brown and green would meet.
    near = replace(canvas.style, shift=min(canvas.style.shift, 14))
    tab10 = config.variety > 0 and rng.random() < 0.5
    width = max(2.0, min(canvas.width, canvas.height) * rng.uniform(0.007 if config.variety else 0.011, 0.02))
    round_joints = config.variety > 1 and rng.random() < 0.3
    taken: Edges = set()
    probes: list[tuple[int, int, RGB]] = []
    for colour, pair in rng.sample(list(paths.items()), len(paths)):
        ends = [_slot(places[name], slots[name].pop(), config.steps) for name in pair]
        path = route(rng, ends[0], ends[1], config.steps, config.wiggle, taken)
        taken |= {edge for a, b in pairwise(path) for edge in ((a, b), (b, a))}
        stubs = [_outside(end, places[name][0]) for end, name in zip(ends, pair, strict=True)]
        points = [_pixel(canvas, config.steps, node) for node in (stubs[0], *path, stubs[1])]
        shade = TAB10[colour] if tab10 else near.colour(rng, colour)
        _stroke(canvas, points, shade, width, round_joints)
        probes += [(int((a[0] + b[0]) / 2), int((a[1] + b[1]) / 2), shade) for a, b in (points[:2], points[-2:])]
    _label(rng, canvas, config, places)
    return tuple(probes)


def _slot(place: tuple[str, int], shift: int, steps: int) -> Node:
    """The lattice node on the border where a path of a station starts."""
    side, at = place[0], place[1] + shift
    return {"top": (at, 0), "bottom": (at, steps), "left": (0, at), "right": (steps, at)}[side]


_OUTWARDS = {"top": (0.0, -1.0), "bottom": (0.0, 1.0), "left": (-1.0, 0.0), "right": (1.0, 0.0)}
_MARGIN, _STUB, _NAME = 0.166, 0.062, 0.107
"""Shares of a side: page edge to lattice, lattice to a path's end, lattice to a station's name."""


def _outside(node: Node, side: str, away: float = _STUB) -> XY:
    """A point `away` of the page outside the lattice, which `_pixel` reads in thousandths."""
    dx, dy = _OUTWARDS[side]
    return node[0] + dx * away * 1000, node[1] + dy * away * 1000


def _pixel(canvas: Canvas, steps: int, node: XY) -> XY:
    """Lattice to picture; what lies outside the lattice is in thousandths of the page."""
    return _axis(node[0], steps) * canvas.width, _axis(node[1], steps) * canvas.height


def _axis(value: float, steps: int) -> float:
    inside = min(max(value, 0), steps)
    return _MARGIN + inside / steps * (1 - 2 * _MARGIN) + (value - inside) / 1000


def route(rng: random.Random, start: Node, goal: Node, steps: int, wiggle: float, taken: Edges) -> Path:
    """A path that does not meet itself and shares no edge with the taken ones: the cheapest under random edge prices.

    Dijkstra's search with prices 1 + wiggle * heavy-tailed noise; taken edges only where no free way is left.
    """
    queue: list[tuple[float, Node, Node]] = [(0.0, start, start)]
    came: dict[Node, Node] = {}
    while queue and goal not in came:
        cost, node, before = heapq.heappop(queue)
        if node in came:
            continue
        came[node] = before
        x, y = node
        for step in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if step not in came and 0 <= step[0] <= steps and 0 <= step[1] <= steps:
                price = 1 + wiggle * math.log(1 - rng.random()) ** 2 + (1000 if (node, step) in taken else 0)
                heapq.heappush(queue, (cost + price + 1e-3 * rng.random(), step, node))
    path = [goal]
    while path[-1] != start:
        path.append(came[path[-1]])
    return path[::-1]


def _stroke(canvas: Canvas, points: list[XY], colour: RGB, width: float, round_joints: bool) -> None:
    """A rectilinear line with mitred (or round) corners."""
    corners = [points[0]]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        straight = abs(after[0] - before[0]) < 1e-6 or abs(after[1] - before[1]) < 1e-6
        corners += [] if straight else [point]
    corners.append(points[-1])
    if round_joints:
        canvas.line(corners, colour, width)
        return
    half, last = width / 2, len(corners) - 2
    for k, (a, b) in enumerate(pairwise(corners)):
        # A segment covers the corners at its ends, but does not outgrow the path's own ends.
        p, q = (a, b) if a <= b else (b, a)
        grow_p, grow_q = (half * ((k > 0) if end is a else (k < last)) for end in (p, q))
        dx, dy = (1, 0) if abs(b[0] - a[0]) > abs(b[1] - a[1]) else (0, 1)
        left, top = p[0] - (grow_p if dx else half), p[1] - (grow_p if dy else half)
        right, bottom = q[0] + (grow_q if dx else half), q[1] + (grow_q if dy else half)
        canvas.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill=colour)


def _label(rng: random.Random, canvas: Canvas, config: MetroPathsConfig, places: dict[str, tuple[str, int]]) -> None:
    size = min(canvas.width, canvas.height) * rng.uniform(0.07, 0.1)
    font = "DejaVuSans-Bold.ttf" if config.variety < 2 or rng.random() < 0.5 else None
    badge = config.variety > 1 and rng.random() < 0.3
    for name, place in places.items():
        centre = _pixel(canvas, config.steps, _outside(_slot(place, 0, config.steps), place[0], _NAME))
        if badge:
            canvas.circle(centre, size * 0.62, outline=canvas.style.ink, width=max(1.0, 0.06 * size))
        canvas.text(centre, name, size * (0.75 if badge else 1), font=font)
