"""Adds pips, or rolls a cube over its net and looks where the faces come to lie."""

from typing import Any

Cell = tuple[int, int]


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = [line.split(",") for line in description_text.split("\n")]
    if ask["query"] in ("shown", "hidden"):
        dice = [list(map(int, row)) for row in rows[1:]]
        return str(sum(21 - sum(die) if ask["query"] == "hidden" else sum(die) for die in dice))
    faces = {(x, y): mark for y, row in enumerate(rows) for x, mark in enumerate(row) if mark}
    start = next(cell for cell, mark in faces.items() if mark == ask["a"])
    printed = _roll(faces, start)
    if ask["query"] == "opposite":
        return printed["top"]
    # Face a is down: seen from below, the outside, north is to the right where it is to the left from above.
    ring = ["north", "east", "south", "west"]
    up = next(side for side in ring if printed[side] == ask["b"])
    return printed[ring[(ring.index(up) + 1) % 4]]


def _roll(faces: dict[Cell, str], start: Cell) -> dict[str, str]:
    """Each face of a cube that prints every face of the net where it rolls, as it lies on the start.

    The cube is named by its places at the start. Rolling east brings the east face down; looking at the net from above is
    looking through the cube at the inside of its bottom, so the net's marks are mirrored: they are outside when the net is
    folded downwards, which is what swapping nothing here and reading clockwise as seen in the net amounts to.
    """
    places = {name: name for name in ("bottom", "top", "north", "south", "east", "west")}
    cycles = {
        (1, 0): ("bottom", "west", "top", "east"),
        (-1, 0): ("bottom", "east", "top", "west"),
        (0, 1): ("bottom", "north", "top", "south"),
        (0, -1): ("bottom", "south", "top", "north"),
    }
    found: dict[str, str] = {}
    stack = [(start, places)]
    while stack:
        cell, now = stack.pop()
        if now["bottom"] in found:
            continue
        found[now["bottom"]] = faces[cell]
        for (dx, dy), cycle in cycles.items():
            other = (cell[0] + dx, cell[1] + dy)
            if other in faces:
                rolled = dict(now)
                for before, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
                    rolled[after] = now[before]
                stack.append((other, rolled))
    return found
