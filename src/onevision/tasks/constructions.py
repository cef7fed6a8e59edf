"""School figures with angles and lengths: each kind is built to scale, with what is given, what is asked and how it follows."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from onevision.formal import figure
from onevision.formal.figure import Statement
from onevision.tasks.base import Config
from onevision.tasks.canvas import XY
from onevision.tasks.strokes import between

Names = Sequence[str]
NAMES = "ABCDEFGHJKLMNPQRSTUVW"
TRIPLES = ((3, 4, 5), (5, 12, 13), (6, 8, 10), (8, 15, 17), (9, 12, 15), (7, 24, 25), (12, 16, 20), (20, 21, 29), (10, 24, 26),
           (15, 20, 25), (12, 35, 37), (9, 40, 41), (18, 24, 30), (16, 30, 34), (21, 28, 35), (28, 45, 53))  # fmt: skip


@dataclass(frozen=True)
class FigureConfig(Config):
    """kinds: of KINDS, repeated to weigh; grain: what all angles are multiples of; longest: largest length of a part;
    triples: how many of TRIPLES occur."""

    kinds: tuple[str, ...] = ("exterior", "parallel", "isosceles", "quadrilateral", "right triangle", "inscribed")
    grain: int = 1
    longest: int = 40
    triples: int = 10


@dataclass
class Figure:
    """points: name -> place, y up, any unit; the first is the middle of a circle where `circle` is set. facts: what is
    drawn besides the labels; angles, lengths: "ABC" (at B), "AB" -> what stands there, None for the one asked for.
    crowded: several angles share one corner, so that their labels need to stand further out."""

    points: dict[str, XY]
    lines: list[str]
    facts: list[Statement]
    answer: int
    steps: list[str]
    angles: dict[str, int | None] = field(default_factory=dict)
    lengths: dict[str, int | None] = field(default_factory=dict)
    equal: tuple[str, ...] = ()
    parallel: tuple[str, ...] = ()
    circle: bool = False
    crowded: bool = False

    def describe(self, mark: str) -> str:
        """The facts, then the labels."""
        labels = [(f"angle {name}", value) for name, value in self.angles.items()]
        labels += list(self.lengths.items())
        given = [Statement(name, ":", (str(value or mark),)) for name, value in labels]
        return figure.write((*self.facts, *given))


def _says(subject: str, *objects: str) -> Statement:
    return Statement(subject, ":", objects)


def _parts(rng: random.Random, total: int, count: int, grain: int, least: int = 30) -> list[int]:
    """Multiples of grain, each at least `least`, that add up to total."""
    room = (total - count * least) // grain
    cuts = sorted(rng.randint(0, room) for _ in range(count - 1))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, room], strict=True)]
    return [least + grain * part for part in parts[:-1]] + [total - sum(least + grain * part for part in parts[:-1])]


def _triangle_at(first: XY, second: XY, a: float, b: float) -> XY:
    """The third corner, left of first -> second, of the triangle with the angles a and b, degrees, at these two."""
    side = math.dist(first, second) * math.sin(math.radians(b)) / math.sin(math.radians(a + b))
    turn = math.atan2(second[1] - first[1], second[0] - first[0]) + math.radians(a)
    return first[0] + side * math.cos(turn), first[1] + side * math.sin(turn)


def _at(degrees: float, radius: float = 1.0, centre: XY = (0.0, 0.0)) -> XY:
    turn = math.radians(degrees)
    return centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)


def _add_up(parts: list[int]) -> list[str]:
    """a+b=…, then …+c=… and so on; nothing for one part."""
    lines, total = [], parts[0]
    for part in parts[1:]:
        lines.append(f"{total}+{part}={total + part}")
        total += part
    return lines


def _rest(whole: int, parts: list[int]) -> list[str]:
    return [*_add_up(parts), f"{whole}-{sum(parts)}={whole - sum(parts)}"]


def _triangle(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    p, q, r = n[:3]
    a, b, c = _parts(rng, 180, 3, config.grain)
    points = {p: (0.0, 0.0), q: (1.0, 0.0), r: _triangle_at((0, 0), (1, 0), a, b)}
    angles = {r + p + q: a, p + q + r: b, q + r + p: None}
    return Figure(points, [p + q, q + r, r + p], [_says("triangle", p, q, r)], c, _rest(180, [a, b]), angles)


def _fan(n: Names, parts: list[int], asked: int, whole: int, fact: str) -> Figure:
    """Rays from n[0] with the given angles between neighbours, all known but one."""
    count = len(parts) if whole == 360 else len(parts) + 1
    ends = n[1 : count + 1]
    points = {n[0]: (0.0, 0.0)} | {end: _at(sum(parts[:k])) for k, end in enumerate(ends)}
    angles: dict[str, int | None] = {ends[k] + n[0] + ends[(k + 1) % count]: None if k == asked else part for k, part in enumerate(parts)}
    if whole == 90:
        angles[ends[0] + n[0] + ends[-1]] = 90
    facts = [_says("line", ends[0], n[0], ends[-1])] if whole == 180 else []
    facts.append(_says(f"{fact} {n[0]}", *ends))
    steps = _rest(whole, [part for k, part in enumerate(parts) if k != asked])
    return Figure(points, [n[0] + end for end in ends], facts, parts[asked], steps, angles, crowded=whole != 180)


def _straight(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    count = 2 if config.grain > 1 else rng.choice((2, 3))
    return _fan(n, _parts(rng, 180, count, config.grain), rng.randrange(count), 180, "rays")


def _rays(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    count = rng.choice((2, 3))
    return _fan(n, _parts(rng, 90, count, config.grain, 22 if count == 3 else 25), rng.randrange(count), 90, "rays")


def _around(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    count = rng.choice((3, 4))
    parts = _parts(rng, 360, count, config.grain, 45)
    while max(parts) > 165:
        parts = _parts(rng, 360, count, config.grain, 45)
    return _fan(n, parts, rng.randrange(count), 360, "around")


def _crossing(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    o, a, b, c, d = n[:5]
    given = rng.randrange(30, 151, config.grain)
    points = {o: (0.0, 0.0), a: _at(0), b: _at(180), c: _at(given), d: _at(given + 180)}
    facts = [_says("line", a, o, b), _says("line", c, o, d)]
    beside = rng.random() < 0.5
    asked, answer = (c + o + b, 180 - given) if beside else (b + o + d, given)
    steps = [f"180-{given}={answer}" if beside else f"opposite angles are equal: {given}"]
    return Figure(points, [a + b, c + d], facts, answer, steps, {a + o + c: given, asked: None}, crowded=True)


def _isosceles(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    p, q, r = n[:3]
    base = rng.randint(26, 76)
    apex = 180 - 2 * base
    points = {p: (0.0, 0.0), q: (1.0, 0.0), r: _triangle_at((0, 0), (1, 0), base, base)}
    facts = [_says("triangle", p, q, r), _says("equal", r + p, r + q)]
    if rng.random() < 0.5:
        angles, answer = {p + r + q: apex, r + p + q: None}, base
        steps = [f"180-{apex}={2 * base}", f"{2 * base}/2={base}"]
    else:
        angles, answer = {r + p + q: base, p + r + q: None}, apex
        steps = [f"2*{base}={2 * base}", f"180-{2 * base}={apex}"]
    return Figure(points, [p + q, q + r, r + p], facts, answer, steps, angles, equal=(r + p, r + q))


def _quadrilateral(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    """From a corner's two sides the fourth corner follows; drawn anew until no side is short."""
    p, q, r, s = n[:4]
    while True:
        a, b, c, d = _parts(rng, 360, 4, config.grain, 50)
        end = _at(a, rng.uniform(0.5, 1.2))
        # The ray from `end` that makes the angle d meets the ray from (1, 0) that makes the angle b.
        ahead, up = _at(a + 180 + d), _at(180 - b)
        flat = ahead[0] * up[1] - ahead[1] * up[0]
        if max(a, b, c, d) > 140 or abs(flat) < 0.1:
            continue
        along = ((1 - end[0]) * up[1] + end[1] * up[0]) / flat
        corner = (end[0] + along * ahead[0], end[1] + along * ahead[1])
        if 0.5 < along < 1.4 and 0.5 < math.dist(corner, (1, 0)) < 1.4 and corner[1] > 0.2:
            break
    points = {p: (0.0, 0.0), q: (1.0, 0.0), r: corner, s: end}
    angles = {s + p + q: a, p + q + r: b, q + r + s: c, r + s + p: None}
    return Figure(points, [p + q, q + r, r + s, s + p], [_says("quadrilateral", p, q, r, s)], d, _rest(360, [a, b, c]), angles)


def _exterior(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    p, q, r, s = n[:4]
    a, b, c = _parts(rng, 180, 3, config.grain)
    points = {p: (0.0, 0.0), q: (1.0, 0.0), r: _triangle_at((0, 0), (1, 0), a, b), s: (1.45, 0.0)}
    facts = [_says("triangle", p, q, r), _says("line", p, q, s)]
    outer = 180 - b
    if rng.random() < 0.5:
        angles, answer, steps = {r + p + q: a, p + r + q: c, r + q + s: None}, outer, [f"{a}+{c}={outer}"]
    else:
        angles, answer, steps = {r + p + q: a, r + q + s: outer, p + r + q: None}, c, [f"{outer}-{a}={c}"]
    return Figure(points, [p + s, q + r, r + p], facts, answer, steps, angles)


def _isosceles_exterior(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    p, q, r, s = n[:4]
    base = rng.randint(30, 74)
    points = {p: (0.0, 0.0), q: (1.0, 0.0), r: _triangle_at((0, 0), (1, 0), base, base), s: (1.45, 0.0)}
    facts = [_says("triangle", p, q, r), _says("line", p, q, s), _says("equal", r + p, r + q)]
    angles = {r + q + s: 180 - base, p + r + q: None}
    steps = [f"180-{180 - base}={base}", f"2*{base}={2 * base}", f"180-{2 * base}={180 - 2 * base}"]
    return Figure(points, [p + s, q + r, r + p], facts, 180 - 2 * base, steps, angles, equal=(r + p, r + q))


def _parallel(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    """Two parallels p–q (through m) and r–s (through k) cut by the line e–m–k."""
    p, m, q, r, k, s, e = n[:7]
    turn = rng.randrange(40, 141, config.grain)
    foot, step = (0.0, 0.0), _at(turn)
    top = (1.1 * step[0], 1.1 * step[1])
    points = {r: (-1.0, 0.0), k: foot, s: (1.0, 0.0), m: top, p: (top[0] - 1, top[1]), q: (top[0] + 1, top[1]), e: _at(turn, 1.9)}
    facts = [_says("parallel", p + q, r + s), _says("line", p, m, q), _says("line", r, k, s), _says("line", e, m, k)]
    below, given = rng.choice(((s + k + m, turn), (r + k + m, 180 - turn)))
    above = {q + m + e: turn, p + m + e: 180 - turn, q + m + k: 180 - turn, p + m + k: turn}
    asked = rng.choice(list(above))
    answer = above[asked]
    steps = [f"180-{given}={answer}" if answer != given else f"parallel lines, equal angles: {given}"]
    return Figure(points, [p + q, r + s, e + k], facts, answer, steps, {below: given, asked: None}, parallel=(p + q, r + s))


def _parallel_triangle(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    p, q, r, s, t = n[:5]
    a, b, c = _parts(rng, 180, 3, config.grain)
    top = _triangle_at((0, 0), (1, 0), a, b)
    points = {p: (0.0, 0.0), q: (1.0, 0.0), r: top, s: (top[0] - 0.6, top[1]), t: (top[0] + 0.6, top[1])}
    facts = [_says("parallel", s + t, p + q), _says("line", s, r, t), _says("triangle", p, q, r)]
    if rng.random() < 0.5:
        angles, answer = {s + r + p: a, p + q + r: b, p + r + q: None}, c
        steps = [f"parallel lines, equal angles: {a}", f"{a}+{b}={a + b}", f"180-{a + b}={c}"]
    else:
        angles, answer = {s + r + p: a, p + r + q: c, p + q + r: None}, b
        steps = [f"parallel lines, equal angles: {a}", f"{a}+{c}={a + c}", f"180-{a + c}={b}"]
    return Figure(points, [p + q, q + r, r + p, s + t], facts, answer, steps, angles, parallel=(s + t, p + q))


def _inscribed(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    o, p, q, r = n[:4]
    half = rng.randint(24, 76)
    points = {o: (0.0, 0.0), p: _at(-90 - half), q: _at(half - 90), r: _at(90 + rng.uniform(-0.6, 0.6) * (180 - half))}
    lines, facts = [o + p, o + q, r + p, r + q], [_says(f"circle {o}", p, q, r)]
    if rng.random() < 0.5:
        return Figure(points, lines, facts, half, [f"{2 * half}/2={half}"], {p + o + q: 2 * half, p + r + q: None}, circle=True)
    return Figure(points, lines, facts, 2 * half, [f"2*{half}={2 * half}"], {p + r + q: half, p + o + q: None}, circle=True)


def _thales(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    o, p, q, r = n[:4]
    a = rng.randint(22, 68)
    points = {o: (0.0, 0.0), p: _at(180), q: _at(0), r: _at(2 * a)}
    facts = [_says(f"circle {o}", p, q, r), _says("line", p, o, q), _says("triangle", p, q, r)]
    steps = ["angle in a half circle: 90", f"90-{a}={90 - a}"]
    return Figure(points, [p + q, q + r, r + p], facts, 90 - a, steps, {r + p + q: a, p + q + r: None}, circle=True)


def _segment(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    parts = [rng.randint(2 + config.longest // 6, config.longest) for _ in range(2 if config.variety == 0 else rng.choice((2, 3)))]
    names = n[: len(parts) + 1]
    points = {name: (float(sum(parts[:k])), 0.0) for k, name in enumerate(names)}
    lengths: dict[str, int | None] = {a + b: part for a, b, part in zip(names, names[1:], parts, strict=False)}
    whole, facts = names[0] + names[-1], [_says("line", *names)]
    if rng.random() < 0.4:
        return Figure(points, [whole], facts, sum(parts), _add_up(parts), lengths=lengths | {whole: None})
    asked = rng.randrange(len(parts))
    lengths[names[asked] + names[asked + 1]] = None
    steps = _rest(sum(parts), [part for k, part in enumerate(parts) if k != asked])
    return Figure(points, [whole], facts, parts[asked], steps, lengths=lengths | {whole: sum(parts)})


def _right_triangle(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    p, q, r = n[:3]
    a, b, c = rng.choice([t for t in TRIPLES[: config.triples] if 3 * t[0] > t[1]])
    if rng.random() < 0.5:
        a, b = b, a
    points = {p: (0.0, float(b)), q: (0.0, 0.0), r: (float(a), 0.0)}
    facts, sides = [_says("triangle", p, q, r)], [p + q, q + r, r + p]
    angles: dict[str, int | None] = {p + q + r: 90}
    lengths: dict[str, int | None] = {q + r: a, p + q: b, p + r: None}
    if rng.random() < 0.45:
        steps = [f"{a}*{a}={a * a}", f"{b}*{b}={b * b}", f"{a * a}+{b * b}={c * c}", f"{c * c}={c}*{c}"]
        return Figure(points, sides, facts, c, steps, angles, lengths)
    lengths |= {p + q: None, p + r: c}
    steps = [f"{c}*{c}={c * c}", f"{a}*{a}={a * a}", f"{c * c}-{a * a}={b * b}", f"{b * b}={b}*{b}"]
    return Figure(points, sides, facts, b, steps, angles, lengths)


def _similar(rng: random.Random, n: Names, config: FigureConfig) -> Figure:
    """Two triangles with the corner p in common, the sides s–t and q–r parallel."""
    p, q, r, s, t = n[:5]
    times, near, inner = rng.randint(2, 3), rng.randint(2, 9), rng.randint(3, 12)
    top = _triangle_at((0, 0), (1, 0), rng.randint(45, 80), rng.randint(45, 80))
    points = {p: top, q: (0.0, 0.0), r: (1.0, 0.0), s: between(top, (0, 0), 1 / times), t: between(top, (1, 0), 1 / times)}
    facts = [_says("line", p, s, q), _says("line", p, t, r), _says("parallel", s + t, q + r)]
    far, outer = near * (times - 1), inner * times
    steps = [f"{near}+{far}={near * times}", f"{near * times}/{near}={times}"]
    lengths: dict[str, int | None] = {p + s: near, s + q: far, s + t: inner, q + r: None}
    if rng.random() < 0.5:
        lengths |= {s + t: None, q + r: outer}
        return Figure(points, [p + q, p + r, s + t, q + r], facts, inner, [*steps, f"{outer}/{times}={inner}"],
                      lengths=lengths, parallel=(s + t, q + r))  # fmt: skip
    return Figure(points, [p + q, p + r, s + t, q + r], facts, outer, [*steps, f"{times}*{inner}={outer}"],
                  lengths=lengths, parallel=(s + t, q + r))  # fmt: skip


KINDS: dict[str, Callable[[random.Random, Names, FigureConfig], Figure]] = {
    "triangle": _triangle,
    "straight": _straight,
    "rays": _rays,
    "around": _around,
    "crossing": _crossing,
    "isosceles": _isosceles,
    "quadrilateral": _quadrilateral,
    "exterior": _exterior,
    "isosceles exterior": _isosceles_exterior,
    "parallel": _parallel,
    "parallel triangle": _parallel_triangle,
    "inscribed": _inscribed,
    "thales": _thales,
    "segment": _segment,
    "right triangle": _right_triangle,
    "similar": _similar,
}
