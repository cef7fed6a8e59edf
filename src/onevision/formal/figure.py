"""A figure as points and relations, one statement a line.

red line: (0,3) (6,11) (12,4)       what a thing is made of: points, or words
blue circle overlaps pink circle    how two things stand to each other
1 > 2 > 3                           containment, outermost first
"""

import re
from dataclasses import dataclass

from onevision.errors import InputError

RELATIONS = ("overlaps", "touches", "apart from", "inside", "crosses")
Point = tuple[int, int]

_NAME = r"[a-z0-9][a-z0-9 ]*?"
_RELATION = re.compile(rf"({_NAME}) ({'|'.join(RELATIONS)}) ({_NAME})", re.IGNORECASE)
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


def _write_statement(statement: Statement) -> str:
    objects = [f"({o[0]},{o[1]})" if isinstance(o, tuple) else o for o in statement.objects]
    if statement.relation == ":":
        return f"{statement.subject}: {' '.join(objects)}"
    if statement.relation == ">":
        return " > ".join([statement.subject, *objects])
    return f"{statement.subject} {statement.relation} {objects[0]}"


def _parse_line(line: str) -> Statement:
    subject, colon, rest = line.partition(": ")
    if colon:
        return Statement(subject, ":", tuple(_parse_object(word) for word in rest.split()))
    if ">" in line or line.isalnum():
        first, *others = line.split(" > ")
        return Statement(first, ">", tuple(others))
    if match := _RELATION.fullmatch(line):
        return Statement(match[1], match[2], (match[3],))
    raise InputError(f"figure: 'name: points', 'a > b' or 'a {'|'.join(RELATIONS)} b' was expected, not {line!r}")


def _parse_object(word: str) -> str | Point:
    match = _POINT.fullmatch(word)
    return (int(match[1]), int(match[2])) if match else word
