"""A document as its lines of text with their places, one a line: `12,30,200,48 Dear Sir,`."""

import re
from dataclasses import dataclass

from onevision.errors import InputError
from onevision.formal.boxes import EDGES, Box, box_of

_LINE = re.compile(rf"{EDGES} (\S.*)")


@dataclass(frozen=True)
class Line:
    """box: where it stands; text: what stands there, without spaces at its ends."""

    box: Box
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
    return Line(box_of("document", line, match.groups()[:4]), match[5])
