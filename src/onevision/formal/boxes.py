"""Objects with their boxes, one a line: `dog 12,30,200,148` has its left, top, right and bottom edge in pixels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onevision.errors import InputError

EDGES = r"(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6})"
_OBJECT = re.compile(rf"(\S.*?) {EDGES}")

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels, right and bottom just outside."""


@dataclass(frozen=True)
class Thing:
    """label: words; where it is."""

    label: str
    box: Box


def write(things: tuple[Thing, ...]) -> str:
    """One object a line, in the order given."""
    return "\n".join(f"{thing.label} {','.join(map(str, thing.box))}" for thing in things)


def parse(text: str) -> tuple[Thing, ...]:
    """The objects, in the order written; raises InputError naming the line that is none, or whose box is empty."""
    things = tuple(_parse_line(line.strip()) for line in text.splitlines() if line.strip())
    if not things:
        raise InputError("boxes: no objects")
    return things


def summary(things: tuple[Thing, ...]) -> str:
    """What is in it, in a few words."""
    return f"{len(things)} objects"


def _parse_line(line: str) -> Thing:
    match = _OBJECT.fullmatch(line)
    if not match:
        raise InputError(f"boxes: 'label left,top,right,bottom' was expected, not {line!r}")
    return Thing(match[1].rstrip(), box_of("boxes", line, match.groups()[1:]))


def box_of(kind: str, line: str, edges: Sequence[str]) -> Box:
    """The box of a line's four edges; raises InputError naming the line where it is empty."""
    left, top, right, bottom = (int(edge) for edge in edges)
    if not (left < right and top < bottom):
        raise InputError(f"{kind}: left < right and top < bottom was expected in {line!r}")
    return left, top, right, bottom
