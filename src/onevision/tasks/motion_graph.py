"""Motion graphs: distance over time, or speed over time; read places, speeds, rests, accelerations and ways."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from onevision.formal import csv
from onevision.tasks.axes import Axes, Scale
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import Canvas, Style, picture_size
from onevision.tasks.strokes import em_to_fit, on_line, stroke
from onevision.tasks.terms import number, signed
from onevision.types import Description

PLACE = {
    "read": (
        "What is the position of {who} after {t} {unit}, in {length}?",
        "At which distance is {who} at {t} {unit}?",
        "What is the distance of {who} at the time {t} {unit}?",
        "Read the position of {who} after {t} {unit}.",
        "Where is {who} at {t} {unit}? Give the distance in {length}.",
    ),
    "when": (
        "When is {who} first at {s} {length}?",
        "After how many {unit} has {who} reached {s} {length}?",
        "At what time does {who} first reach the distance {s} {length}?",
        "How many {unit} does {who} need to get to {s} {length} for the first time?",
        "Read the time at which {who} first passes {s} {length}.",
    ),
    "speed": (
        "How fast is {who} between {t} and {u} {unit}?",
        "What is the speed of {who} from {t} to {u} {unit}?",
        "Find the speed of {who} in the part from {t} {unit} to {u} {unit}.",
        "How many {length} per unit of time does {who} move between {t} and {u} {unit}?",
        "Work out how quickly {who} moves from {t} to {u} {unit}.",
    ),
    "way": (
        "How long is the whole way of {who}, there and back counted?",
        "What total distance does {who} cover?",
        "How many {length} does {who} travel altogether?",
        "Add up all that {who} moves, forwards and backwards. How many {length} is that?",
        "What is the length of the whole path of {who} in {length}?",
    ),
    "gap": (
        "How far apart are {who} and {other} at {t} {unit}?",
        "What is the distance between {who} and {other} after {t} {unit}?",
        "By how many {length} are {who} and {other} separated at {t} {unit}?",
        "Find the gap between {who} and {other} at {t} {unit}.",
        "At {t} {unit}, how many {length} lie between {who} and {other}?",
    ),
}
SPEED = {
    "read": (
        "How fast is {who} at {t} {unit}?",
        "What is the speed of {who} at {t} {unit}?",
        "Read the speed of {who} after {t} {unit}.",
        "Which speed does {who} have at the time {t} {unit}?",
        "How large is the velocity of {who} at {t} {unit}?",
    ),
    "change": (
        "What is the acceleration of {who} between {t} and {u} {unit}?",
        "How much does the speed of {who} change each unit of time from {t} to {u} {unit}?",
        "Find the acceleration of {who} from {t} {unit} to {u} {unit}.",
        "Work out the acceleration of {who} between {t} and {u} {unit}, below 0 where the speed falls.",
        "At what rate does {who} accelerate from {t} to {u} {unit}?",
    ),
    "area": (
        "How far does {who} go between {t} and {u} {unit}?",
        "What distance does {who} cover from {t} to {u} {unit}?",
        "Find the way that {who} makes from {t} {unit} to {u} {unit}.",
        "How long is the path of {who} between {t} and {u} {unit}?",
        "Work out how far {who} travels from {t} to {u} {unit}.",
    ),
}
LENGTHS = (("s", "m", "seconds"), ("h", "km", "hours"), ("min", "m", "minutes"))
"""unit of time, of length, and the word for the first."""
MOVERS = ("A", "B", "C", "D", "K", "P", "Q", "R")


@dataclass(frozen=True)
class MotionGraphConfig(Config):
    """pieces: fewest and most straight pieces; times: last time; top: largest value; steps: what one grid line of the
    value axis may stand for; movers: one or two; back: whether a way back occurs; queries: of PLACE and SPEED ("v read")."""

    pieces: tuple[int, int] = (3, 4)
    times: int = 10
    top: int = 10
    steps: tuple[int, ...] = (1, 2, 5, 10)
    movers: tuple[int, ...] = (1,)
    back: bool = True
    queries: tuple[str, ...] = ("speed", "when", "way", "v read", "v change")


class MotionGraph(Task):
    """A graph of straight pieces over time; the Description lists the times and values at their ends."""

    name = "motion_graph"
    version = 2
    Config = MotionGraphConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"pieces": (2, 3), "times": 6, "top": 8, "steps": (1, 2, 5), "back": False, "queries": ("read",), "variety": 0,
                "size": (224, 448)},
            2: {"pieces": (2, 3), "times": 8, "back": False, "queries": ("read", "when", "v read", "speed"), "variety": 1,
                "size": (224, 600)},
            3: {"queries": ("speed", "speed", "when", "v read", "read"), "variety": 1},
            4: {"queries": ("speed", "way", "v change", "gap", "v area"), "movers": (1, 2)},
            5: {"pieces": (4, 5), "times": 12, "top": 12, "steps": (2, 5, 10, 20), "movers": (2,),
                "queries": ("way", "gap", "v area", "v area", "speed")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: MotionGraphConfig) -> Item:
        kind, _, query = rng.choice(config.queries).rpartition(" ")
        step, (unit, length, word) = rng.choice(config.steps), rng.choice(LENGTHS)
        movers = rng.sample(MOVERS, 2 if query == "gap" else rng.choice(config.movers))
        while True:
            tracks = {who: _track(rng, config, step, bool(kind)) for who in movers}
            asked = ASK[query](rng, tracks) if _tell_apart(list(tracks.values()), step) else None
            if asked:
                break
        fill, answer, steps = asked
        wordings = SPEED[query] if kind else PLACE[query]
        question = rng.choice(wordings).format(**fill, unit=word, length=length)
        speed = f"{length}/{unit}"
        description = Description("csv", csv.write(_rows(tracks, unit, speed if kind else length)))
        self.claim(description, question)
        image, probes = _picture(rng, config, tracks, step, (f"t in {unit}", f"v in {speed}" if kind else f"s in {length}"))
        return Item(image, question, answer, description, "\n".join(steps), {"query": query} | fill, probes=probes)


Track = tuple[tuple[int, int], ...]
"""(time, value) where the graph bends, and at its ends."""


def _track(rng: random.Random, config: MotionGraphConfig, step: int, speed: bool) -> Track:
    """A graph over the whole time. Neighbouring pieces differ in slope; a distance may start anywhere."""
    pieces = rng.randint(*config.pieces)
    while True:
        times = [0, *sorted(rng.sample(range(1, config.times), pieces - 1)), config.times]
        values = [rng.randint(0, config.top) for _ in times]
        for k in range(1, len(values)):
            if rng.random() < 0.22:
                values[k] = values[k - 1]
        if not (speed or config.back):
            values.sort()
        slopes = [Fraction(b - a, u - t) for (t, u), (a, b) in zip(pairwise(times), pairwise(values), strict=True)]
        if all(a != b for a, b in pairwise(slopes)) and any(slopes) and values[-1]:
            return tuple((t, step * v) for t, v in zip(times, values, strict=True))


def _tell_apart(tracks: list[Track], step: int) -> bool:
    """Whether two graphs end apart, where their names stand, and never run along each other."""
    if len(tracks) < 2:
        return True
    gaps = [_value(tracks[0], time) - _value(tracks[1], time) for time in range(tracks[0][-1][0] + 1)]
    return abs(gaps[-1]) > step and not any(a == b == 0 for a, b in pairwise(gaps))


def _rows(tracks: dict[str, Track], unit: str, measure: str) -> csv.Rows:
    """One row a bend: who, when, what value."""
    rows = [(who, str(t), str(v)) for who in sorted(tracks) for t, v in tracks[who]]
    return (("who", unit, measure), *rows)


Asked = tuple[dict[str, Any], str, list[str]]
"""what the question is filled with, answer, steps"""


def _number(value: Fraction | int) -> str:
    """A decimal where it is a short one, a fraction otherwise."""
    fraction = Fraction(value)
    return number(fraction) if fraction.denominator in (1, 2, 4, 5) else str(fraction)


def _who(rng: random.Random, tracks: dict[str, Track]) -> tuple[str, Track]:
    who = rng.choice(sorted(tracks))
    return who, tracks[who]


def _value(track: Track, time: int) -> Fraction:
    for (t, a), (u, b) in pairwise(track):
        if t <= time <= u:
            return a + Fraction(b - a, u - t) * (time - t)
    raise AssertionError(f"{time} is within the graph")


def _reading(track: Track, time: int) -> list[str]:
    """The lines that read a value: at a bend one, within a piece from its ends."""
    known = dict(track)
    if time in known:
        return [f"{time}: {known[time]}"]
    (t, a), (u, b) = next(((t, a), (u, b)) for (t, a), (u, b) in pairwise(track) if t < time < u)
    slope = Fraction(b - a, u - t)
    value = _number(_value(track, time))
    lines = [f"({b}-{a})/({u}-{t})={_number(slope)}", f"{time}-{t}={time - t}", f"{a}+{time - t}*{signed(_number(slope))}={value}"]
    return [f"{t}: {a}, {u}: {b}", *lines]


def _read(rng: random.Random, tracks: dict[str, Track]) -> Asked | None:
    who, track = _who(rng, tracks)
    time = rng.randint(0, track[-1][0])
    value = _value(track, time)
    return None if value.denominator > 1 else ({"who": who, "t": time}, str(value), _reading(track, time))


def _when(rng: random.Random, tracks: dict[str, Track]) -> Asked | None:
    """At a bend that no earlier point of the graph is as high as."""
    who, track = _who(rng, tracks)
    later = [(t, s) for k, (t, s) in enumerate(track) if k and not min(v for _, v in track[:k]) <= s <= max(v for _, v in track[:k])]
    if not later:
        return None
    t, s = rng.choice(later)
    return {"who": who, "s": s}, str(t), [f"{s} at {t}"]


def _piece(rng: random.Random, tracks: dict[str, Track]) -> tuple[str, tuple[int, int, int, int]]:
    """A straight piece of a mover's graph: from (t, a) to (u, b)."""
    who, track = _who(rng, tracks)
    (t, a), (u, b) = rng.choice(list(pairwise(track)))
    return who, (t, a, u, b)


def _speed(rng: random.Random, tracks: dict[str, Track]) -> Asked | None:
    who, (t, a, u, b) = _piece(rng, tracks)
    if a == b and rng.random() < 0.7:
        return None
    high, low = max(a, b), min(a, b)
    speed = _number(Fraction(high - low, u - t))
    steps = [f"{t}: {a}, {u}: {b}", f"{high}-{low}={high - low}", f"{u}-{t}={u - t}", f"{high - low}/{u - t}={speed}"]
    return {"who": who, "t": t, "u": u}, speed, steps


def _change(rng: random.Random, tracks: dict[str, Track]) -> Asked | None:
    who, (t, a, u, b) = _piece(rng, tracks)
    if a == b and rng.random() < 0.7:
        return None
    rate = _number(Fraction(b - a, u - t))
    return {"who": who, "t": t, "u": u}, rate, [f"{t}: {a}, {u}: {b}", f"{b}-{a}={b - a}", f"{u}-{t}={u - t}", f"{b - a}/{u - t}={rate}"]


def _way(rng: random.Random, tracks: dict[str, Track]) -> Asked:
    who, track = _who(rng, tracks)
    total, steps = 0, []
    for (_, a), (_, b) in pairwise(track):
        high, low = max(a, b), min(a, b)
        total += high - low
        steps.append(f"{high}-{low}={high - low}, {total}")
    return {"who": who}, str(total), steps


def _gap(rng: random.Random, tracks: dict[str, Track]) -> Asked | None:
    first, second = sorted(tracks)
    time = rng.choice([t for t, _ in tracks[first]])
    a, b = _value(tracks[first], time), _value(tracks[second], time)
    if b.denominator > 1:
        return None
    high, low = max(a, b), min(a, b)
    work = [f"{first}", *_reading(tracks[first], time), f"{second}", *_reading(tracks[second], time), f"{high}-{low}={high - low}"]
    return {"who": first, "other": second, "t": time}, str(high - low), work


def _area(rng: random.Random, tracks: dict[str, Track]) -> Asked | None:
    """The area under one or two neighbouring pieces, each a trapezium."""
    who, track = _who(rng, tracks)
    first = rng.randrange(len(track) - 1)
    span = track[first : first + rng.choice((2, 3))]
    total, steps = Fraction(0), []
    for (t, a), (u, b) in pairwise(span):
        part = Fraction(a + b, 2) * (u - t)
        total += part
        steps.append(f"({a}+{b})/2={_number(Fraction(a + b, 2))}, {u}-{t}={u - t}, {_number(Fraction(a + b, 2))}*{u - t}={_number(part)}")
    if len(span) > 2:
        steps.append(f"total: {_number(total)}")
    return ({"who": who, "t": span[0][0], "u": span[-1][0]}, _number(total), steps) if total else None


ASK: dict[str, Callable[..., Asked | None]] = {
    "read": _read, "when": _when, "speed": _speed, "change": _change, "way": _way, "gap": _gap, "area": _area,
}  # fmt: skip


def _picture(rng: random.Random, config: MotionGraphConfig, tracks: dict[str, Track], step: int, names: tuple[str, str]) -> Any:
    """The finished image, with probes on each mover's pieces."""
    canvas = Canvas(*picture_size(rng, config.size, (1.0, 1.5)), Style.sample(rng, config.variety, config.renderer))
    side = min(canvas.width, canvas.height)
    most = side * rng.uniform(0.045, 0.055)
    em = min(most, em_to_fit(canvas, [str(step * config.top)], 0.1 * canvas.width))
    frame = (3.2 * em, 2.2 * em, canvas.width - 1.8 * em, canvas.height - 2.7 * em)
    sparse = 2 if config.top > 8 and rng.random() < 0.5 else 1
    axes = Axes(canvas, frame, Scale(0, config.times, 1), Scale(0, step * config.top, step * sparse, step), em)
    axes.draw(names)
    width = max(stroke(canvas, 0.012 * side), 0.007 * side)
    hues = rng.sample(("red", "blue", "green", "purple", "orange", "brown"), len(tracks))
    colours = [canvas.style.colour(rng, hue) for hue in hues]
    for (who, track), colour in zip(tracks.items(), colours, strict=True):
        canvas.line([axes.at(*point) for point in track], colour, width)
        for point in track if rng.random() < 0.6 or not config.variety else ():
            canvas.circle(axes.at(*point), 1.5 * width, colour)
        x, y = axes.at(*track[-1])
        canvas.text((x + 0.9 * em, y), who, 1.2 * em, colour)
    image = canvas.image(rng)
    (t, a), (u, b) = tracks[list(tracks)[-1]][-2:]
    return image, on_line(image, [axes.at(t + (u - t) * k / 4, a + (b - a) * k / 4) for k in (1, 2)], colours[-1])
