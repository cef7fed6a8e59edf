"""A figure as points and relations, one statement a line.

red line: (0,3) (6,11) (12,4)       what a thing is made of: points, or words
blue circle overlaps pink circle    how two things stand to each other
1 > 2 > 3                           containment, outermost first
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from PIL.Image import Image

from onevision.errors import InputError
from onevision.formal.checks import f1
from onevision.formal.drawings import circles, nest, polylines

RELATIONS = ("overlaps", "touches", "apart from", "inside", "crosses")
Point = tuple[int, int]

_NAME = r"[a-z0-9][a-z0-9 ]*?"
_RELATION = re.compile(rf"({_NAME}) ({'|'.join(RELATIONS)}) ({_NAME})", re.IGNORECASE)
_PLAIN = re.compile(r"\w[\w '-]*")
_POINT = re.compile(r"\((-?\d{1,6}),(-?\d{1,6})\)")


@dataclass(frozen=True)
class Statement:
    """subject relation objects. relation: ":" (consists of), ">" (contains, chained) or one of RELATIONS."""

    subject: str
    relation: str
    objects: tuple[str | Point, ...]


def write(statements: tuple[Statement, ...]) -> str:
    """One statement a line, in the order given."""
    return "\n".join(_write_statement(statement) for statement in statements)


def parse(text: str) -> tuple[Statement, ...]:
    """The statements, in the order written; raises InputError naming the line that is none."""
    return tuple(_parse_line(line.strip()) for line in text.splitlines() if line.strip())


def summary(statements: tuple[Statement, ...]) -> str:
    """What is in it, in a few words."""
    return f"{len(statements)} statements"


def compare(first: tuple[Statement, ...], second: tuple[Statement, ...]) -> float:
    """F1 over the statements; a place counts as the same one step further, a symmetric relation from either side."""
    keys = [list(map(_symmetric, statements)) for statements in (first, second)]
    for number, statement in enumerate(keys[1]):
        keys[1][number] = next((other for other in keys[0] if _near(statement, other)), statement)
    return f1(*keys)


def _symmetric(statement: Statement) -> Statement:
    """The statement with the earlier name first, where the relation says the same both ways."""
    if statement.relation in ("overlaps", "touches", "apart from", "crosses") and str(statement.objects[0]) < statement.subject:
        return Statement(str(statement.objects[0]), statement.relation, (statement.subject,))
    return statement


def _near(a: Statement, b: Statement) -> bool:
    """Whether two statements say the same up to one step of each coordinate."""
    if (a.subject, a.relation, len(a.objects)) != (b.subject, b.relation, len(b.objects)):
        return False
    pairs = zip(a.objects, b.objects, strict=True)
    return all(p == q if isinstance(p, str) or isinstance(q, str) else max(abs(p[0] - q[0]), abs(p[1] - q[1])) <= 1 for p, q in pairs)


LINES, CELLS = 12, 10
"""Steps across the page of the grids on which lines and circles are placed, as in the tasks of that name."""


def draw(statements: tuple[Statement, ...]) -> Image:
    """Lines through their points, two circles in their relation, or squares inside each other. Raises InputError for other figures."""
    lines = {s.subject.removesuffix(" line"): s.objects for s in statements if s.relation == ":" and s.subject.endswith(" line")}
    places = {s.subject.removesuffix(" circle"): s.objects[0] for s in statements if s.relation == ":" and s.subject.endswith(" circle")}
    if lines and len(lines) == len(statements) and all(_inside(line, LINES) for line in lines.values()):
        return polylines({name: [p for p in line if isinstance(p, tuple)] for name, line in lines.items()}, LINES)
    relation = next((s.relation for s in statements if s.relation in RELATIONS), "")
    if (
        len(places) == 2
        and len(statements) == 3
        and relation in ("overlaps", "touches", "apart from")
        and _inside(places.values(), CELLS - 1)
    ):
        return circles({name: place for name, place in places.items() if isinstance(place, tuple)}, relation, CELLS)
    if len(statements) == 1 and statements[0].relation == ">":
        return nest(1 + len(statements[0].objects))
    raise InputError("figure: only lines, two circles in a relation, and squares inside each other are drawn")


def _inside(points: Iterable[str | Point], most: int) -> bool:
    """Whether all are points of a grid with steps 0 to `most`."""
    return all(isinstance(point, tuple) and min(point) >= 0 and max(point) <= most for point in points)


def _write_statement(statement: Statement) -> str:
    objects = [f"({o[0]},{o[1]})" if isinstance(o, tuple) else o for o in statement.objects]
    if statement.relation == ":":
        return f"{statement.subject}: {' '.join(objects)}"
    if statement.relation == ">":
        return " > ".join([statement.subject, *objects])
    return f"{statement.subject} {statement.relation} {objects[0]}"


def _parse_line(line: str) -> Statement:
    subject, colon, rest = line.partition(": ")
    if colon and _PLAIN.fullmatch(subject):
        return Statement(subject, ":", tuple(_parse_object(word) for word in rest.split()))
    first, *others = line.split(" > ")
    if (others or line.isalnum()) and all(_PLAIN.fullmatch(name) and name not in RELATIONS for name in (first, *others)):
        return Statement(first, ">", tuple(others))
    if match := _RELATION.fullmatch(line):
        return Statement(match[1], match[2], (match[3],))
    raise InputError(f"figure: 'name: points', 'a > b' or 'a {'|'.join(RELATIONS)} b' was expected, not {line!r}")


def _parse_object(word: str) -> str | Point:
    match = _POINT.fullmatch(word)
    return (int(match[1]), int(match[2])) if match else word
