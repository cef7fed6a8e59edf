"""Objects with their boxes, one a line: `dog 12,30,200,148` has its left, top, right and bottom edge in pixels."""

import re
from dataclasses import dataclass

from onevision.errors import InputError

_OBJECT = re.compile(r"(\S.*?) +(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6})")


@dataclass(frozen=True)
class Thing:
    """label: words; box: left, top, right, bottom, whole pixels, right and bottom just outside."""

    label: str
    box: tuple[int, int, int, int]


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
    left, top, right, bottom = (int(edge) for edge in match.groups()[1:])
    if not (left < right and top < bottom):
        raise InputError(f"boxes: left < right and top < bottom was expected in {line!r}")
    return Thing(match[1], (left, top, right, bottom))
