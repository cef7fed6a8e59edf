"""Works out an angle by linear equations over all that the facts of a figure say, and a length by Pythagoras or similarity."""

import math
import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

Row = dict[object, Fraction]


def solve(description_text: str, ask: dict[str, Any]) -> str:
    facts = [(head, rest.split()) for head, rest in re.findall(r"^(.+): (.+)$", description_text, re.M)]
    if ask["query"] == "length":
        return _length(facts)
    lines = [rest for head, rest in facts if head == "line"]
    equations, wanted = [], frozenset[object]()
    for head, rest in facts:
        equations += _equations(head, rest, lines, facts)
        if head.startswith("angle"):
            angle = _angle(*head.split()[1], lines)
            if rest[0].isdigit():
                equations.append({angle: Fraction(1), None: Fraction(int(rest[0]))})
            else:
                wanted = angle
    return str(_eliminate(equations, wanted))


def _angle(a: str, b: str, c: str, lines: list[list[str]]) -> frozenset[object]:
    """An angle by its corner and the last points of the lines that its arms are on."""

    def arm(end: str) -> str:
        for line in lines:
            if b in line and end in line:
                return line[-1] if line.index(end) > line.index(b) else line[0]
        return end

    return frozenset((("at", b), arm(a), arm(c)))


def _sum(angles: list[frozenset[object]], total: int) -> Row:
    row: Row = {None: Fraction(total)}
    for angle in angles:
        row[angle] = row.get(angle, Fraction(0)) + 1
    return row


def _equations(head: str, rest: list[str], lines: list[list[str]], facts: list[tuple[str, list[str]]]) -> list[Row]:
    def angle(name: str) -> frozenset[object]:
        return _angle(*name, lines)

    if head in ("triangle", "quadrilateral"):
        n = len(rest)
        return [_sum([angle(rest[k - 1] + rest[k] + rest[(k + 1) % n]) for k in range(n)], 180 * (n - 2))]
    if head == "equal":
        apex = set(rest[0]) & set(rest[1])
        p, q = (set(side) - apex for side in rest)
        (a,), (b,), (c,) = apex, p, q
        return [{angle(a + b + c): Fraction(1), angle(a + c + b): Fraction(-1), None: Fraction(0)}]
    if head.startswith(("rays", "around")):
        corner = head.split()[1]
        ends = rest + rest[:1] if head.startswith("around") else rest
        parts = [angle(x + corner + y) for x, y in pairwise(ends)]
        if head.startswith("around"):
            return [_sum(parts, 360)]
        straight = any(line[0] == rest[0] and line[-1] == rest[-1] for line in lines)
        return [_sum(parts, 180)] if straight else [_sum(parts, 0) | {angle(rest[0] + corner + rest[-1]): Fraction(-1)}]
    if head == "line":
        others = {end for name, _ in facts if name.startswith("angle") for end in (name[6], name[8]) if name[7] in rest[1:-1]}
        others |= {p for name, ps in facts if name in ("line", "triangle") for p in ps if set(ps) & set(rest[1:-1])}
        return [_sum([angle(rest[0] + corner + x), angle(x + corner + rest[-1])], 180)
                for corner in rest[1:-1] for x in sorted(others - set(rest))]  # fmt: skip
    if head == "parallel":
        return _alternate(*rest, lines, facts)
    if head.startswith("circle"):
        a, b, c = rest
        if any(line == [a, head[7], b] for line in lines):
            return [{angle(a + c + b): Fraction(1), None: Fraction(90)}]
        return [{angle(a + head[7] + b): Fraction(1), angle(a + c + b): Fraction(-2), None: Fraction(0)}]
    return []


def _alternate(first: str, second: str, lines: list[list[str]], facts: list[tuple[str, list[str]]]) -> list[Row]:
    """Equal angles where a line crosses both parallels, given as two ends each, in the same direction."""
    on = [next((line for line in lines if (line[0], line[-1]) == tuple(side)), list(side)) for side in (first, second)]
    rows = []
    for m in on[0]:
        for k in on[1]:
            # The arm from m to k against that from k to m: alternate angles.
            for near, far in ((0, -1), (-1, 0)):
                one, other = (on[0][near], m, k), (on[1][far], k, m)
                if len(set(one)) == len(set(other)) == 3:
                    row: Row = {None: Fraction(0), _angle(*one, lines): Fraction(1)}
                    row[_angle(*other, lines)] = row.get(_angle(*other, lines), Fraction(0)) - 1
                    rows.append(row)
    return rows


def _eliminate(equations: list[Row], wanted: frozenset[object]) -> Fraction:
    """Gauss–Jordan, the wanted unknown's value read off last."""
    unknowns = sorted({key for row in equations for key in row if key is not None and key != wanted}, key=str)
    rows = [dict(row) for row in equations]
    for unknown in unknowns:
        pivot = next((row for row in rows if row.get(unknown)), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        for row in rows:
            share = row.get(unknown, Fraction(0)) / pivot[unknown]
            for key, value in pivot.items():
                row[key] = row.get(key, Fraction(0)) - share * value
    values = {row.get(None, Fraction(0)) / row[wanted] for row in rows if row.get(wanted)}
    (value,) = values
    return value


def _length(facts: list[tuple[str, list[str]]]) -> str:
    given = {frozenset(head): rest[0] for head, rest in facts if len(head) == 2}
    known = {name: int(value) for name, value in given.items() if value.isdigit()}
    (wanted,) = [name for name, value in given.items() if not value.isdigit()]
    lines = [rest for head, rest in facts if head == "line"]
    right = [head for head, rest in facts if head.startswith("angle") and rest == ["90"]]
    if right:
        long = frozenset((right[0][6], right[0][8]))
        squares = sum((1 if name == long else -1) * value**2 for name, value in known.items())
        return str(math.isqrt(abs(squares)))
    if len(lines) == 1:
        parts = [frozenset(pair) for pair in pairwise(lines[0])]
        rest = sum(known[part] for part in parts if part != wanted)
        return str(rest if wanted not in parts else known[frozenset((lines[0][0], lines[0][-1]))] - rest)
    corner, near, far = lines[0]
    whole = known[frozenset((corner, near))] + known[frozenset((near, far))]
    inner, outer = (frozenset(side) for side in next(rest for head, rest in facts if head == "parallel"))
    ratio = Fraction(whole, known[frozenset((corner, near))])
    return str(known[inner] * ratio if wanted == outer else known[outer] / ratio)
