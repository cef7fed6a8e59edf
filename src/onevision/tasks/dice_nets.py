"""Dice and nets of cubes: pips in view and out of sight, the face opposite another, the face beside two others."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.strokes import Probe, between, inside
from onevision.types import Description

QUESTIONS = {
    "shown": (
        "How many pips are there in all?",
        "What is the sum of all the pips?",
        "Add up the pips that can be seen.",
        "What do the dice show together?",
        "Count all the dots on the dice.",
    ),
    "hidden": (
        "Opposite faces of a die make 7. How many pips are on the faces that cannot be seen?",
        "Each die has seven pips on every pair of opposite faces. What is the sum of all hidden faces?",
        "How many pips are out of sight, if opposite faces add up to 7?",
        "On these dice opposite faces total seven. Add up the faces that are not visible.",
        "The pips on two opposite faces are always 7 together. Find the total of the unseen faces.",
    ),
    "opposite": (
        "The net is folded to a cube. Which face is opposite {a}?",
        "Which face lies opposite {a} when this net is folded up?",
        "In the folded cube, what is on the face opposite {a}?",
        "What does one see on the other side of the cube, opposite {a}?",
        "If {a} is at the bottom of the folded cube, what is on top?",
    ),
    "right": (
        "The net is folded with its marks outside. One looks at {a}, and {b} is on top. What is on the right?",
        "Fold the net so that the marks are outside. With {a} in front and {b} on top, which face is on the right-hand side?",
        "The folded cube stands with {b} up and {a} towards you, marks outside. Which face is to your right?",
        "Looking at face {a} of the folded cube with {b} above it, which face is at the right? The marks are outside.",
        "Turn the cube folded from this net, marks outside, so that {a} faces you and {b} is on top. What is on its right face?",
    ),
}
NETS = tuple(
    tuple(tuple(c == "#" for c in row) for row in net.split("/"))
    for net in ("#.../####/#...", "#.../####/.#..", "#.../####/..#.", "#.../####/...#", ".#../####/.#..", ".#../####/..#.",
                "###../..###", "##.../.###./...#.", "##../.##./..##", "##../.###/.#..", "##../.###/..#.")
)  # fmt: skip
"""The eleven nets of a cube but for turning and mirroring."""
PIPS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, -1), (-1, 1), (1, 1)),
    5: ((-1, -1), (1, -1), (0, 0), (-1, 1), (1, 1)),
    6: ((-1, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (1, 1)),
}
# The three faces of a right-handed die that meet at a corner: top, front, right.
_SEEN = [(t, f, r) for t, f, r in ((1, 2, 3), (2, 3, 1), (3, 1, 2), (1, 3, 5), (3, 5, 1), (5, 1, 3), (1, 5, 4), (5, 4, 1), (4, 1, 5),
                                   (1, 4, 2), (4, 2, 1), (2, 1, 4), (6, 3, 2), (3, 2, 6), (2, 6, 3), (6, 2, 4), (2, 4, 6), (4, 6, 2),
                                   (6, 4, 5), (4, 5, 6), (5, 6, 4), (6, 5, 3), (5, 3, 6), (3, 6, 5))]  # fmt: skip
Net = tuple[tuple[bool, ...], ...]
Cell = tuple[int, int]
Way = tuple[int, int, int]
LETTERS = "ABCDEFGHJKLMNPRSTUVXYZ"


@dataclass(frozen=True)
class DiceNetsConfig(Config):
    """queries: of QUESTIONS, repeated to weigh; dice: fewest and most; solid: how often dice are drawn with three faces in
    view; numbers: how often a net bears numbers instead of letters."""

    queries: tuple[str, ...] = ("shown", "hidden", "opposite")
    dice: tuple[int, int] = (2, 4)
    solid: float = 0.6
    numbers: float = 0.5


class DiceNets(Task):
    """Dice flat or in perspective, told by their faces in view, or the net of a cube, told as a grid of its faces."""

    name = "dice_nets"
    Config = DiceNetsConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"queries": ("shown",), "dice": (3, 5), "solid": 0.0, "variety": 0, "size": (224, 448)},
            2: {"queries": ("shown", "opposite"), "dice": (3, 6), "solid": 0.5, "variety": 1, "size": (224, 600)},
            3: {"queries": ("shown", "hidden", "opposite"), "solid": 1.0, "variety": 1},
            4: {"queries": ("hidden", "opposite", "opposite"), "dice": (2, 5), "solid": 1.0},
            5: {"queries": ("hidden", "right", "right"), "dice": (3, 7), "solid": 1.0},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: DiceNetsConfig) -> Item:
        query = rng.choice(config.queries)
        if query in ("shown", "hidden"):
            return self._dice(rng, config, query)
        return self._net(rng, config, query)

    def _dice(self, rng: random.Random, config: DiceNetsConfig, query: str) -> Item:
        solid = query == "hidden" or rng.random() < config.solid
        count = rng.randint(*config.dice)
        dice: list[tuple[int, ...]] = [rng.choice(_SEEN) if solid else (rng.randint(1, 6),) for _ in range(count)]
        question, ask = rng.choice(QUESTIONS[query]), {"query": query}
        head = ("top", "front", "right") if solid else ("die",)
        description = Description("csv", csv.write((head, *(tuple(map(str, die)) for die in dice))))
        self.claim(description, question)
        answer, steps = _add_up(dice, query)
        image, probes = _dice_picture(rng, config, dice)
        return Item(image, question, str(answer), description, "\n".join(steps), ask, probes=probes)

    def _net(self, rng: random.Random, config: DiceNetsConfig, query: str) -> Item:
        net = _turned(rng, rng.choice(NETS))
        marks = list(map(str, rng.sample(range(1, 31), 6))) if rng.random() < config.numbers else rng.sample(LETTERS, 6)
        cells = [(x, y) for y, row in enumerate(net) for x, full in enumerate(row) if full]
        faces = dict(zip(cells, marks, strict=True))
        front = rng.choice(cells)
        sides = _folded(faces, front)
        at = {side: mark for mark, side in sides.items()}
        up = rng.choice(AROUND)
        wanted = "back" if query == "opposite" else AROUND[(AROUND.index(up) + 1) % 4]
        fill = {"a": faces[front]} | ({"b": at[up]} if query == "right" else {})
        question = rng.choice(QUESTIONS[query]).format(**fill)
        description = Description("csv", csv.write(_cells(net, faces)))
        self.claim(description, question)
        last = "opposite front: back" if query == "opposite" else f"{at[up]}: {up}, clockwise next: {wanted}"
        steps = [*_walk(faces, front, sides), f"{last} {at[wanted]}"]
        image, probes = _net_picture(rng, config, faces)
        return Item(image, question, at[wanted], description, "\n".join(steps), {"query": query} | fill, probes=probes)


def _cells(net: Net, faces: dict[Cell, str]) -> csv.Rows:
    return tuple(tuple(faces.get((x, y), "") for x in range(len(row))) for y, row in enumerate(net))


def _add_up(dice: list[tuple[int, ...]], query: str) -> tuple[int, list[str]]:
    total, lines = 0, []
    for die in dice:
        seen = sum(die)
        part = 21 - seen if query == "hidden" else seen
        line = f"{'+'.join(map(str, die))}={seen}" if len(die) > 1 else str(seen)
        line += f", 21-{seen}={part}" if query == "hidden" else ""
        lines.append(line + (f", {total}+{part}={total + part}" if total else ""))
        total += part
    return total, lines


def _turned(rng: random.Random, net: Net) -> Net:
    for _ in range(rng.randrange(4)):
        net = tuple(tuple(column) for column in zip(*net[::-1], strict=True))
    return tuple(row[::-1] for row in net) if rng.random() < 0.5 else net


SIDES: dict[Way, str] = {(0, 0, 1): "front", (0, 0, -1): "back", (1, 0, 0): "right", (-1, 0, 0): "left", (0, 1, 0): "top",
                         (0, -1, 0): "bottom"}  # fmt: skip
AROUND = ("top", "right", "bottom", "left")
"""The sides round the front, clockwise as one looks at it."""


def _minus(way: Way) -> Way:
    return -way[0], -way[1], -way[2]


def _neighbours(cell: Cell) -> list[tuple[str, Cell]]:
    x, y = cell
    return [("right of", (x + 1, y)), ("left of", (x - 1, y)), ("above", (x, y - 1)), ("below", (x, y + 1))]


def _tree(faces: dict[Cell, str], front: Cell) -> list[tuple[Cell, str, Cell]]:
    """(from, where, to) for every face but the front, each beside one that was reached before."""
    found, queue, seen = [], [front], {front}
    for cell in queue:
        for where, other in _neighbours(cell):
            if other in faces and other not in seen:
                found.append((cell, where, other))
                queue.append(other)
                seen.add(other)
    return found


def _folded(faces: dict[Cell, str], front: Cell) -> dict[str, str]:
    """Mark -> side of the cube, folded away from the viewer, with `front` at the front and as it is in the net.

    A face is (its outward normal, its right, its down); going on to a neighbour turns them about an edge.
    """
    frames: dict[Cell, tuple[Way, Way, Way]] = {front: ((0, 0, 1), (1, 0, 0), (0, -1, 0))}
    for start, where, cell in _tree(faces, front):
        n, r, d = frames[start]
        turns = {"right of": (r, _minus(n), d), "left of": (_minus(r), n, d), "above": (_minus(d), r, n), "below": (d, r, _minus(n))}
        frames[cell] = turns[where]
    return {faces[cell]: SIDES[frame[0]] for cell, frame in frames.items()}


def _walk(faces: dict[Cell, str], front: Cell, sides: dict[str, str]) -> list[str]:
    lines = [f"{faces[front]}: front"]
    return lines + [f"{where} {faces[start]}: {faces[cell]} {sides[faces[cell]]}" for start, where, cell in _tree(faces, front)]


def _paint(rng: random.Random, canvas: Canvas) -> tuple[RGB, RGB]:
    """A face's colour and the colour of what is on it."""
    if canvas.style.shift == 0 or rng.random() < 0.5:
        return (255, 255, 255), canvas.style.ink
    if rng.random() < 0.5:
        return (rng.randint(215, 255), rng.randint(215, 255), rng.randint(190, 240)), canvas.style.ink
    return canvas.style.colour(rng, rng.choice(("red", "blue", "green", "purple", "black"))), (255, 255, 255)


def _net_picture(rng: random.Random, config: DiceNetsConfig, faces: dict[Cell, str]) -> tuple[Any, tuple[Probe, ...]]:
    wide, high = (max(v) + 1 for v in zip(*faces, strict=True))
    aspect = min(1.6, max(0.62, wide / high))
    canvas = Canvas(*picture_size(rng, config.size, (0.9 * aspect, 1.1 * aspect)), Style.sample(rng, config.variety, config.renderer))
    unit = min(canvas.width / (wide + 0.5), canvas.height / (high + 0.5))
    left, top = (canvas.width - wide * unit) / 2, (canvas.height - high * unit) / 2
    face, mark = _paint(rng, canvas)
    line = min(canvas.line_width, 0.06 * unit)
    for (x, y), text in faces.items():
        a, b = left + x * unit, top + y * unit
        canvas.polygon([(a, b), (a + unit, b), (a + unit, b + unit), (a, b + unit)], face, canvas.style.ink, line)
        canvas.text((a + unit / 2, b + unit / 2), text, 0.5 * unit, mark)
    spots = [(left + (x + 0.12) * unit, top + (y + 0.12) * unit) for x, y in faces]
    return canvas.image(rng), inside(spots, face)


def _dice_picture(rng: random.Random, config: DiceNetsConfig, dice: list[tuple[int, ...]]) -> tuple[Any, tuple[Probe, ...]]:
    columns = len(dice) if len(dice) < 4 else -(-len(dice) // 2)
    rows = -(-len(dice) // columns)
    aspect = columns / rows
    canvas = Canvas(*picture_size(rng, config.size, (0.85 * aspect, 1.1 * aspect)), Style.sample(rng, config.variety, config.renderer))
    unit = min(canvas.width / columns, canvas.height / rows)
    face, pip = _paint(rng, canvas)
    spots = []
    for k, die in enumerate(dice):
        x, y = canvas.width / 2 + (k % columns - (columns - 1) / 2) * unit, canvas.height / 2 + (k // columns - (rows - 1) / 2) * unit
        side = unit * rng.uniform(0.55, 0.7)
        spots.append(_solid(canvas, (x, y), side, die, face, pip) if len(die) == 3 else _flat(canvas, (x, y), side, die[0], face, pip))
    return canvas.image(rng), inside(spots, face)


def _pips(canvas: Canvas, corners: tuple[XY, XY, XY], number: int, size: float, colour: RGB) -> None:
    """Pips on the parallelogram with the corners top left, top right, bottom left."""
    a, b, c = corners
    for u, v in PIPS[number]:
        across, down = between(a, b, 0.5 + 0.27 * u), between(a, c, 0.5 + 0.27 * v)
        canvas.circle((across[0] + down[0] - a[0], across[1] + down[1] - a[1]), size, colour)


def _face(canvas: Canvas, corners: tuple[XY, XY, XY], fill: RGB, line: float) -> None:
    a, b, c = corners
    canvas.polygon([a, b, (b[0] + c[0] - a[0], b[1] + c[1] - a[1]), c], fill, canvas.style.ink, line)


def _flat(canvas: Canvas, centre: XY, side: float, number: int, face: RGB, pip: RGB) -> XY:
    (x, y), h = centre, side / 2
    corners = ((x - h, y - h), (x + h, y - h), (x - h, y + h))
    _face(canvas, corners, face, min(canvas.line_width, 0.05 * side))
    _pips(canvas, corners, number, 0.09 * side, pip)
    return x - 0.42 * side, y


def _solid(canvas: Canvas, centre: XY, side: float, die: tuple[int, ...], face: RGB, pip: RGB) -> XY:
    """A die seen from above right: its front as a square, top and right slanted, a little darker."""
    s, depth = 0.8 * side, 0.38 * side
    x, y = centre[0] - (s + depth) / 2, centre[1] - (s - depth) / 2
    front = ((x, y), (x + s, y), (x, y + s))
    top = ((x + depth, y - depth), (x + s + depth, y - depth), (x, y))
    right = ((x + s, y), (x + s + depth, y - depth), (x + s, y + s))
    line = min(canvas.line_width, 0.05 * side)
    for corners, number, share in ((top, die[0], 0.92), (front, die[1], 1.0), (right, die[2], 0.82)):
        _face(canvas, corners, (round(face[0] * share), round(face[1] * share), round(face[2] * share)), line)
        _pips(canvas, corners, number, 0.065 * side, pip)
    return x + 0.08 * s, y + 0.5 * s
