"""A scene as its objects, one a line: `red circle 3,1` is a red circle in column 3, row 1 (from 0, top left)."""

import re
from dataclasses import dataclass

from PIL.Image import Image

from onevision.errors import InputError
from onevision.formal.checks import f1
from onevision.formal.drawings import shapes

GRID = 5
"""Cells across and down the page on which a scene is drawn and read, as in the task `scene`."""

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


def summary(objects: tuple[SceneObject, ...]) -> str:
    """What is in it, in a few words."""
    return f"{len(objects)} objects"


def compare(first: tuple[SceneObject, ...], second: tuple[SceneObject, ...]) -> float:
    """F1 over the objects with colour, shape and place."""
    return f1(first, second)


def draw(objects: tuple[SceneObject, ...]) -> Image:
    """The objects on a page of GRID x GRID cells; raises InputError for one outside, or of an unknown shape or colour."""
    outside = next((o for o in objects if max(o.column, o.row) >= GRID), None)
    if outside:
        raise InputError(f"scene: {outside.column},{outside.row} is outside the {GRID} x {GRID} page that is drawn")
    return shapes([(o.colour, o.shape, o.column, o.row) for o in objects], GRID)


def _parse_line(line: str) -> SceneObject:
    match = _OBJECT.fullmatch(line.strip())
    if not match:
        raise InputError(f"scene: 'colour shape column,row' was expected, not {line!r}")
    colour, shape, column, row = match.groups()
    return SceneObject(colour, shape, int(column), int(row))
