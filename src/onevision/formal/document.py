"""A document as its lines of text with their places, one a line: `12,30,200,48 Dear Sir,`."""

import re
from dataclasses import dataclass

from onevision.errors import InputError

_LINE = re.compile(r"(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6}) (\S.*)")


@dataclass(frozen=True)
class Line:
    """box: left, top, right, bottom, whole pixels; text: what stands there, without spaces at its ends."""

    box: tuple[int, int, int, int]
    text: str


def write(lines: tuple[Line, ...]) -> str:
    """One line of text a line, in the order given."""
    return "\n".join(f"{','.join(map(str, line.box))} {line.text}" for line in lines)


def parse(text: str) -> tuple[Line, ...]:
    """The lines, in the order written; raises InputError naming the line that is none, or whose box is empty."""
    lines = tuple(_parse_line(line.strip()) for line in text.splitlines() if line.strip())
    if not lines:
        raise InputError("document: no lines")
    return lines


def summary(lines: tuple[Line, ...]) -> str:
    """What is in it, in a few words."""
    return f"{len(lines)} lines, {sum(len(line.text) for line in lines)} characters"


def _parse_line(line: str) -> Line:
    match = _LINE.fullmatch(line)
    if not match:
        raise InputError(f"document: 'left,top,right,bottom text' was expected, not {line!r}")
    left, top, right, bottom = (int(edge) for edge in match.groups()[:4])
    if not (left < right and top < bottom):
        raise InputError(f"document: left < right and top < bottom was expected in {line!r}")
    return Line((left, top, right, bottom), match[5])
