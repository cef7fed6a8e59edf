"""A scene as its objects, one a line: `red circle 3,1` is a red circle in column 3, row 1 (from 0, top left)."""

import re
from dataclasses import dataclass

from onevision.errors import InputError

_OBJECT = re.compile(r"([a-z]+) ([a-z]+) (\d{1,6}),(\d{1,6})")


@dataclass(frozen=True)
class SceneObject:
    """colour and shape are lower-case words; column and row the cell of the picture's grid that holds its centre."""

    colour: str
    shape: str
    column: int
    row: int


def write(objects: tuple[SceneObject, ...]) -> str:
    """One object a line, in the order given."""
    return "\n".join(f"{o.colour} {o.shape} {o.column},{o.row}" for o in objects)


def parse(text: str) -> tuple[SceneObject, ...]:
    """The objects, in the order written; raises InputError naming the line that is none."""
    return tuple(_parse_line(line) for line in text.splitlines() if line.strip())


def _parse_line(line: str) -> SceneObject:
    match = _OBJECT.fullmatch(line.strip())
    if not match:
        raise InputError(f"scene: 'colour shape column,row' was expected, not {line!r}")
    colour, shape, column, row = match.groups()
    return SceneObject(colour, shape, int(column), int(row))
