"""Gear trains: which way each gear turns, and how often or how fast the last one does."""

import math
import random
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from onevision.formal import mermaid
from onevision.formal.mermaid import Edge, Flow
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.strokes import WHITE, Probe, arc, aside, between, mixed, on_line, polar, stroke
from onevision.tasks.terms import listed, number
from onevision.types import Description

QUESTIONS = {
    "turns": (
        "How many turns does gear {a} make?",
        "Gear {b} turns as often as written at it. How often does {a} turn?",
        "How many times does gear {a} go round?",
        "Work out the number of turns of gear {a}.",
        "While {b} makes the turns given, how many does {a} make?",
    ),
    "speed": (
        "How fast does gear {a} turn, in turns per minute?",
        "What is the speed of gear {a} in rpm?",
        "Find the rpm of gear {a}.",
        "Gear {b} has the speed written at it. What is the speed of {a} in rpm?",
        "How many turns per minute does gear {a} make?",
    ),
    "clockwise": (
        "Which gears turn clockwise? Name them in the order of the alphabet.",
        "List all gears that go clockwise, in alphabetical order.",
        "Name every gear that turns the way the hands of a clock do, alphabetically.",
        "The arrow shows how one gear turns. Which gears turn clockwise? Answer in alphabetical order.",
        "Give the letters of all gears with clockwise rotation, sorted.",
    ),
    "counterclockwise": (
        "Which gears turn counterclockwise? Name them in the order of the alphabet.",
        "List all gears that go counterclockwise, in alphabetical order.",
        "Name every gear that turns against the hands of a clock, alphabetically.",
        "The arrow shows how one gear turns. Which gears turn counterclockwise? Answer in alphabetical order.",
        "Give the letters of all gears with counterclockwise rotation, sorted.",
    ),
}
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
OTHER = {"clockwise": "counterclockwise", "counterclockwise": "clockwise"}


@dataclass(frozen=True)
class GearsConfig(Config):
    """gears: fewest and most; teeth: what their numbers may be; joints: of mesh, chain and axle, repeated to weigh;
    queries: of QUESTIONS; top: most turns of the first gear."""

    gears: tuple[int, int] = (3, 4)
    teeth: tuple[int, ...] = (12, 15, 16, 18, 20, 24, 25, 27, 30, 32, 36)
    joints: tuple[str, ...] = ("mesh", "mesh", "chain")
    queries: tuple[str, ...] = ("turns", "speed", "clockwise", "counterclockwise")
    top: int = 12


class Gears(Task):
    """Gears that mesh, share a chain or an axle, each with its number of teeth; the Description joins them in a flow chart."""

    name = "gears"
    Config = GearsConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        few = (10, 12, 15, 16, 20, 24, 30)
        turning = ("clockwise", "counterclockwise")
        presets: dict[int, dict[str, Any]] = {
            1: {"gears": (2, 3), "teeth": few, "joints": ("mesh",), "queries": (*turning, "turns"), "variety": 0, "size": (224, 448)},
            2: {"gears": (2, 3), "teeth": few, "joints": ("mesh", "mesh", "chain"), "variety": 1, "size": (224, 600)},
            3: {"gears": (3, 4), "variety": 1},
            4: {"gears": (3, 4), "joints": ("mesh", "mesh", "chain", "axle"), "top": 20},
            5: {"gears": (4, 5), "joints": ("mesh", "chain", "axle"), "queries": ("turns", "speed", "speed", *turning), "top": 40},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: GearsConfig) -> Item:
        query = rng.choice(config.queries)
        unit = {"turns": "turns", "speed": "rpm"}.get(query, "")
        while True:
            train = _train(rng, config, unit)
            if places := _places(rng, train):
                break
        asked = train.names[-1]
        question = rng.choice(QUESTIONS[query]).format(a=asked, b=train.names[0])
        description = Description("mermaid", mermaid.write(train.flow()))
        self.claim(description, question)
        answer, steps = _rates(train) if unit else _ways(train, query)
        image, probes = _picture(rng, config, train, places)
        ask = {"query": query, "gear": asked}
        return Item(image, question, answer, description, "\n".join(steps), ask, probes=probes)


@dataclass(frozen=True)
class _Train:
    """Gears in the order they drive each other. joints[k] joins gears k and k + 1; first: how often the first one turns and
    in which unit, or which way it does."""

    names: tuple[str, ...]
    teeth: tuple[int, ...]
    joints: tuple[str, ...]
    first: str

    def flow(self) -> Flow:
        labels = [f"{count} teeth" for count in self.teeth]
        labels[0] += f" {self.first}"
        edges = [Edge(a, joint, b) for a, joint, b in zip(self.names, self.joints, self.names[1:], strict=False)]
        return Flow(tuple(zip(self.names, labels, strict=True)), tuple(edges))


def _train(rng: random.Random, config: GearsConfig, unit: str) -> _Train:
    """A train whose rates are all whole numbers or halves, where rates are asked for."""
    count = rng.randint(*config.gears)
    names = tuple(rng.sample(LETTERS, count))
    while True:
        joints = tuple(rng.choice(config.joints) for _ in range(count - 1))
        teeth = tuple(rng.choice(config.teeth) for _ in range(count))
        start = rng.randint(1, config.top) * (5 if unit == "rpm" else 1)
        train = _Train(names, teeth, joints, f"{start} {unit}" if unit else rng.choice(list(OTHER)))
        if _can_be_drawn(train) and (not unit or _whole(_rate(train))):
            return train


def _can_be_drawn(train: _Train) -> bool:
    """The first gear has room for its rate and bears no other; of two on an axle the second is clearly smaller; never three are."""
    pairs = zip(train.joints, train.teeth, train.teeth[1:], strict=False)
    axles = [joint == "axle" for joint in train.joints]
    small = any(joint == "axle" and second > 0.56 * first for joint, first, second in pairs)
    return not (small or axles[0] or any(map(all, pairwise(axles))) or (train.first not in OTHER and train.teeth[0] < 16))


def _whole(rates: list[Fraction]) -> bool:
    """Whether all are whole or halves, at most 400, and the last is not the first."""
    return rates[-1] != rates[0] and all(2 % rate.denominator == 0 and rate <= 400 for rate in rates)


def _rate(train: _Train) -> list[Fraction]:
    """The rates of all gears: teeth times rate stays the same from gear to gear, on one axle the rate does."""
    rates = [Fraction(train.first.split()[0])]
    for k, joint in enumerate(train.joints):
        rates.append(rates[-1] if joint == "axle" else rates[-1] * train.teeth[k] / train.teeth[k + 1])
    return rates


def _rates(train: _Train) -> tuple[str, list[str]]:
    rates = _rate(train)
    lines = [f"{train.names[0]}: {number(rates[0])}"]
    for k, joint in enumerate(train.joints):
        name, before, after = train.names[k + 1], number(rates[k]), number(rates[k + 1])
        product = number(rates[k] * train.teeth[k])
        work = f"same axle, {after}" if joint == "axle" else f"{before}*{train.teeth[k]}={product}, {product}/{train.teeth[k + 1]}={after}"
        lines.append(f"{name}: {work}")
    return number(rates[-1]), lines


def _ways(train: _Train, query: str) -> tuple[str, list[str]]:
    way = train.first
    found, lines = [train.names[0]] if way == query else [], [f"{train.names[0]}: {way}"]
    for name, joint in zip(train.names[1:], train.joints, strict=True):
        way = OTHER[way] if joint == "mesh" else way
        found += [name] if way == query else []
        lines.append(f"{name}: {joint}, {way}")
    answer = listed(found) or "none"
    return answer, [*lines, f"{query}: {answer}"]


Places = list[tuple[XY, float]]
"""(centre, radius) of each gear"""


def _places(rng: random.Random, train: _Train) -> Places | None:
    """Radii as the numbers of teeth; None where ten tries find no arrangement in which gears that are not joined keep clear."""
    for _ in range(10):
        places, lean = [((0.0, 0.0), float(train.teeth[0]))], rng.uniform(-60, 60)
        for teeth, joint in zip(train.teeth[1:], train.joints, strict=True):
            (at, radius), lean = places[-1], -math.copysign(rng.uniform(0, 65), lean)
            apart = {"mesh": 0.96 * (radius + teeth), "chain": 1.2 * (radius + teeth), "axle": 0.0}[joint]
            places.append((polar(at, lean, apart), float(teeth)))
        apart = all(_clear(places, train.joints, a, b) for a in range(len(places)) for b in range(a - 1))
        if apart and all(_free(places, train.joints, k) for k, joint in enumerate(train.joints) if joint == "chain"):
            return places
    return None


def _clear(places: Places, joints: tuple[str, ...], a: int, b: int) -> bool:
    """Whether gears b < a, not neighbours, are apart; a gear driven by the small one on an axle may cover the big one's side."""
    (one, radius), (other, big) = places[a], places[b]
    if a == b + 2 and joints[b] == "axle":
        return math.dist(one, _rim(other, big)) > radius + 0.3 * big
    return math.dist(one, other) > 1.06 * (radius + big) + 3


def _free(places: Places, joints: tuple[str, ...], k: int) -> bool:
    """Whether the chain between gears k and k + 1 runs clear of all others, or of their letters if they share an axle with one."""
    ends = (places[k][0], places[k + 1][0])
    taken = [place for place in places if place[0] not in ends]
    taken += [(_rim(centre, radius), 0.3 * radius) for (centre, radius), joint in zip(places, joints, strict=False) if joint == "axle"]
    course = [between(a, b, j / 8) for a, b in _tangents(places[k], places[k + 1]) for j in range(9)]
    return all(math.dist(spot, centre) > 1.05 * radius for centre, radius in taken for spot in course)


def _rim(centre: XY, radius: float) -> XY:
    """Where a gear that carries a smaller one has its letter."""
    return centre[0], centre[1] - 0.73 * radius


def _picture(rng: random.Random, config: GearsConfig, train: _Train, places: Places) -> tuple[Any, tuple[Probe, ...]]:
    """The finished image, with a probe in the body of each gear."""
    left, right = min(x - r for (x, _), r in places), max(x + r for (x, _), r in places)
    top, bottom = min(y - r for (_, y), r in places) - 6, max(y + r for (_, y), r in places) + 6
    aspect = min(2.4, max(0.6, (right - left) / (bottom - top)))
    canvas = Canvas(*picture_size(rng, config.size, (0.95 * aspect, 1.05 * aspect)), Style.sample(rng, config.variety, config.renderer))
    scale = 0.93 * min(canvas.width / (right - left), canvas.height / (bottom - top))
    middle = ((left + right) / 2, (top + bottom) / 2)
    dx, dy = canvas.width / 2 - middle[0] * scale, canvas.height / 2 - middle[1] * scale
    fitted = [((x * scale + dx, y * scale + dy), r * scale) for (x, y), r in places]
    return _draw(rng, canvas, train, fitted)


def _draw(rng: random.Random, canvas: Canvas, train: _Train, fitted: Places) -> tuple[Any, tuple[Probe, ...]]:
    line = min(stroke(canvas), 0.01 * min(canvas.width, canvas.height))
    hues = rng.choice((("gray",), ("yellow", "cyan", "pink", "orange"), ("cyan",), ("orange", "gray")))
    spots: list[tuple[XY, RGB]] = []
    bigger = [k for k, joint in enumerate(train.joints) if joint == "axle"]
    for k, (centre, radius) in enumerate(fitted):
        base = canvas.style.colour(rng, rng.choice(hues))
        fill = mixed(base, WHITE, 0.67)
        _gear(canvas, centre, radius, train.teeth[k], fill, line, rng.uniform(0, 360))
        label = f"{train.names[k]} {train.teeth[k]}"
        at, em = centre, min(0.5 * radius, 0.07 * min(canvas.width, canvas.height))
        if k in bigger:
            at, em = _rim(centre, radius), min(em, 0.21 * radius)
        em = min(em, 1.5 * radius / max(1.0, canvas.text_width(label, 10) / 10))
        canvas.text(at, label, em)
        if k == 0:
            _drive(canvas, centre, radius, train.first, em, line)
        spots.append((polar(centre, 245, (0.72 if k in bigger else 0.62) * radius), fill))
    for k, joint in enumerate(train.joints):
        if joint == "chain":
            _chain(canvas, fitted[k], fitted[k + 1], line)
    image = canvas.image(rng)
    return image, tuple(probe for spot, fill in spots for probe in on_line(image, [spot], fill))


def _gear(canvas: Canvas, centre: XY, radius: float, teeth: int, fill: RGB, line: float, turn: float) -> None:
    """A wheel whose teeth reach to `radius`, halfway between crest and root at the pitch circle."""
    outer, inner = 1.0 * radius, radius - min(0.16 * radius, 2.6 * radius / teeth)
    step = 360 / teeth
    points = []
    for k in range(teeth):
        for share, reach in ((-0.3, inner), (-0.16, outer), (0.16, outer), (0.3, inner)):
            points.append(polar(centre, turn + (k + share) * step, reach))
    canvas.polygon(points, fill, canvas.style.ink, max(1.0, min(line, 0.03 * radius)))


def _drive(canvas: Canvas, centre: XY, radius: float, first: str, em: float, line: float) -> None:
    """An arrow inside the rim that shows the way, or what is written about the rate below the letter."""
    if first not in OTHER:
        small = min(0.85 * em, 1.5 * radius / (canvas.text_width(first, 10) / 10))
        canvas.text((centre[0], centre[1] + 1.1 * em), first, small)
        return
    points, colour, head = arc(centre, 0.68 * radius, 45, 135), (200, 30, 40), max(0.3 * radius, 4 * line)
    if first == "clockwise":
        points.reverse()
    canvas.line(points, colour, 1.4 * line)
    forward = math.dist(points[-2], points[-1])
    canvas.arrow(points[-2], between(points[-2], points[-1], 1 + head / forward), colour, 1.4 * line, head)


def _chain(canvas: Canvas, one: tuple[XY, float], other: tuple[XY, float], line: float) -> None:
    for start, end in _tangents(one, other):
        canvas.line([start, end], canvas.style.ink, 1.6 * line)


def _tangents(one: tuple[XY, float], other: tuple[XY, float]) -> list[tuple[XY, XY]]:
    """The two outer tangents of two circles, from where they touch the one to where they touch the other."""
    (a, r), (b, s) = one, other
    length = math.dist(a, b)
    # A tangent touches both circles where their radii stand square on it; this is their slant along a -> b.
    along = (r - s) / length
    across = math.sqrt(1 - along**2)
    return [
        (aside(a, b, r * along / length, sign * r * across), aside(a, b, 1 + s * along / length, sign * s * across)) for sign in (1, -1)
    ]
