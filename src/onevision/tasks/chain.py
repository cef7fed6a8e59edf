"""Numbers that flow through drawn nodes along arrows that carry operations: work out the one marked "?"."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from onevision.formal import mermaid
from onevision.formal.mermaid import Edge, Flow
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size, regular_polygon
from onevision.types import Description

LAST = (
    "Which number do you have to write in the last {noun}?",
    "What number belongs in the last {noun}?",
    "Which number comes out in the last {noun}?",
    "Follow the arrows. What is the number in the last {noun}?",
    "What is the number in the final {noun}?",
)
FIRST = (
    "Which number do you have to write in the first {noun}?",
    "What number belongs in the first {noun}?",
    "Which number was in the first {noun}?",
    "Work backwards. What is the number in the first {noun}?",
    "With which number does the chain start?",
)
ANY = (
    "What number goes in the {noun} with the question mark?",
    "Find the missing number.",
    "Which number does the question mark stand for?",
    "What is the value of ?",
    "Fill in the {noun} marked ?.",
    "Follow the arrows and find the number that replaces the question mark.",
    "What number should replace the question mark?",
)
NOUNS = {
    "daisy": ("daisy", "flower"),
    "circle": ("circle",),
    "box": ("box", "rectangle"),
    "cloud": ("cloud",),
    "star": ("star",),
}
INVERSE = {"+": "-", "-": "+", "*": "/", "/": "*"}
DRAWN = {"+": "+", "-": "\N{MINUS SIGN}", "*": "\N{MULTIPLICATION SIGN}", "/": "\N{DIVISION SIGN}"}
PRINTED = DRAWN | {"-": "\N{EN DASH}"}
"""The signs as books often set them."""


@dataclass(frozen=True)
class ChainConfig(Config):
    """arrows: fewest and most; top: largest number; operand: largest number added or taken away; operations: of "+-*/".

    kinds: of NOUNS; layouts: of row, column, snake, zigzag, ring; inner, backwards: how often the question mark is
    at an inner node, or before the number that is known; shown: how often another node's number is given away; book: how
    often a picture with any variety looks as in a printed arithmetic book.
    """

    arrows: tuple[int, int] = (3, 5)
    top: int = 99
    operand: int = 40
    operations: str = "+-*"
    kinds: tuple[str, ...] = tuple(NOUNS)
    layouts: tuple[str, ...] = ("row",)
    inner: float = 0.2
    backwards: float = 0.35
    shown: float = 0.15
    book: float = 0.35


class Chain(Task):
    """Daisies, circles, boxes, clouds or stars joined by arrows; one number is known, one is asked for."""

    name = "chain"
    version = 4
    Config = ChainConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        forwards = {"operations": "+-", "backwards": 0.0, "shown": 0.0}
        plain = forwards | {"variety": 0, "size": (224, 448), "inner": 0.0, "kinds": ("daisy", "circle", "box")}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"arrows": (1, 1), "top": 40, "operand": 20},
            2: plain | {"arrows": (1, 3), "top": 50, "operand": 20},
            3: forwards | {"arrows": (2, 4), "operand": 30, "variety": 1, "size": (224, 700), "kinds": ("daisy", *NOUNS)},
            4: {"layouts": ("row", "row", "column", "snake")},
            5: {
                "arrows": (3, 6),
                "top": 200,
                "operand": 60,
                "operations": "+-*/",
                "layouts": ("row", "row", "column", "snake", "zigzag", "ring"),
            },
        }
        return presets[level]

    def draw(self, rng: random.Random, config: ChainConfig) -> Item:
        numbers, operations = _numbers(rng, config)
        shown, asked = _hide(rng, config, numbers)
        kind = rng.choice(config.kinds)
        question = _question(rng, kind, asked, len(numbers))
        description = Description("mermaid", mermaid.write(_flow(shown, operations)))
        self.claim(description, question)
        steps = _steps(shown, operations, asked)
        picture = _Picture(rng, config, kind, shown, operations)
        probes = picture.draw(rng)
        image = picture.canvas.image(rng)
        return Item(image, question, str(numbers[asked]), description, steps, {"query": "missing"}, probes=tuple(probes))


def _numbers(rng: random.Random, config: ChainConfig) -> tuple[list[int], list[str]]:
    """The chain's numbers, all in 0..top, and the operations between them, such as "+9"."""
    numbers, operations = [rng.randint(1, 2 * config.top // 3)], list[str]()
    for _ in range(rng.randint(*config.arrows)):
        operation, number = rng.choice(list(_possible(rng, config, numbers[-1]).items()))
        operations.append(operation)
        numbers.append(number)
    return numbers, operations


def _possible(rng: random.Random, config: ChainConfig, number: int) -> dict[str, int]:
    """For each sign that keeps the number within bounds one operation -> its result."""
    found: dict[str, int] = {}
    if room := min(config.operand, config.top - number):
        n = _operand(rng, room)
        found[f"+{n}"] = number + n
    if number:
        n = _operand(rng, min(config.operand, number))
        found[f"-{n}"] = number - n
    if "*" in config.operations and (factors := [n for n in range(2, 10) if 0 < number * n <= config.top]):
        n = rng.choice(factors)
        found[f"*{n}"] = number * n
    if "/" in config.operations and (divisors := [n for n in range(2, 10) if number and number % n == 0]):
        n = rng.choice(divisors)
        found[f"/{n}"] = number // n
    return found


def _operand(rng: random.Random, most: int) -> int:
    """1 to `most`: any, or, in a good half of all draws, a single digit or a round number, as exercises like them."""
    kind = rng.random()
    if kind < 0.35:
        return rng.randint(1, min(9, most))
    if kind < 0.55 and most >= 10:
        return 10 * rng.randint(1, most // 10)
    return rng.randint(1, most)


def _hide(rng: random.Random, config: ChainConfig, numbers: list[int]) -> tuple[list[str], int]:
    """What stands in each node ("" blank) and the index of the "?"."""
    last = len(numbers) - 1
    backwards = rng.random() < config.backwards
    asked = 0 if backwards else last
    if last > 1 and rng.random() < config.inner:
        asked = rng.randint(1, last - 1)
    shown = [str(n) if rng.random() < config.shown else "" for n in numbers]
    shown[last if backwards else 0] = str(numbers[last if backwards else 0])
    shown[asked] = "?"
    return shown, asked


def _flow(shown: list[str], operations: list[str]) -> Flow:
    names = [chr(ord("a") + k) for k in range(len(shown))]
    edges = [Edge(a, label, b) for a, label, b in zip(names, operations, names[1:], strict=False)]
    return Flow(tuple(zip(names, shown, strict=True)), tuple(edges))


def _steps(shown: list[str], operations: list[str], asked: int) -> str:
    """From the nearest number before the question mark forwards; where there is none, back from the nearest after."""
    known = [k for k, text in enumerate(shown) if text.isdigit()]
    before = [k for k in known if k < asked]
    at = before[-1] if before else known[0]
    number, lines = int(shown[at]), []
    while at != asked:
        operation = operations[at] if at < asked else INVERSE[operations[at - 1][0]] + operations[at - 1][1:]
        at += 1 if at < asked else -1
        result = apply(number, operation)
        lines.append(f"{number}{operation}={result}")
        number = result
    return "\n".join(lines)


def apply(number: int, operation: str) -> int:
    """An operation such as "-20" done to a number; divisions are exact."""
    n = int(operation[1:])
    return {"+": number + n, "-": number - n, "*": number * n, "/": number // n}[operation[0]]


def _question(rng: random.Random, kind: str, asked: int, count: int) -> str:
    special = LAST if asked == count - 1 else FIRST if asked == 0 else ANY
    return rng.choice(rng.choice((special, ANY))).format(noun=rng.choice(NOUNS[kind]))


# The picture. Lengths without a unit are shares of the pitch, the distance between two neighbouring nodes.


@dataclass(frozen=True)
class _Kind:
    """A kind of node. radius: smallest and largest; wide, high: half its extent; text: half the width that text may
    take; floor: half the height of what is filled behind the text: all four as shares of the radius."""

    radius: tuple[float, float]
    wide: float
    high: float
    text: float
    floor: float


_KINDS = {
    "daisy": _Kind((0.28, 0.32), 0.9, 1.0, 0.45, 0.5),
    "circle": _Kind((0.19, 0.23), 1.0, 1.0, 0.82, 1.0),
    "box": _Kind((0.19, 0.23), 1.0, 0.8, 0.85, 0.8),
    "cloud": _Kind((0.19, 0.23), 1.1, 0.9, 0.85, 0.85),
    "star": _Kind((0.25, 0.28), 0.95, 1.0, 0.55, 0.6),
}


def _places(rng: random.Random, layout: str, count: int) -> list[XY]:
    """Where the nodes are, neighbours about 1 apart."""
    if layout == "column":
        return [(0.0, float(k)) for k in range(count)]
    if layout == "zigzag":
        return [(0.9 * k, 0.45 * (k % 2)) for k in range(count)]
    if layout == "ring":
        radius, turn = 0.5 / math.sin(math.pi / max(count, 3)), rng.choice((-0.5, -0.75, -1.0)) * math.pi
        return regular_polygon((0, 0), radius, max(count, 3), turn)[:count]
    if layout == "snake":
        row = math.ceil(count / 2)
        return [(float(k), 0.0) if k < row else (float(2 * row - 1 - k), 0.95) for k in range(count)]
    return [(float(k), 0.0) for k in range(count)]


class _Picture:
    """Where everything of one chain goes, and in which colours."""

    def __init__(self, rng: random.Random, config: ChainConfig, kind: str, shown: list[str], operations: list[str]) -> None:
        self.kind, self.shape, self.shown = kind, _KINDS[kind], shown
        self.book = config.variety > 0 and rng.random() < config.book
        self.heart = rng.uniform(0.76, 1.0) if self.book and kind == "daisy" else 1.0  # of the usual disc amid the petals
        space = " " if config.variety > 1 and rng.random() < 0.2 else ""
        signs = PRINTED if self.book and rng.random() < 0.6 else DRAWN
        self.labels = [signs[o[0]] + space + o[1:] for o in operations]
        self.layout = rng.choice(config.layouts)
        self._page(rng, config, _places(rng, self.layout, len(shown)))
        self._size_text(rng, config)
        self._colours(rng, config)

    def _page(self, rng: random.Random, config: ChainConfig, places: list[XY]) -> None:
        """The canvas, the pitch in pixels and the nodes' places in pixels."""
        share = rng.uniform(*self.shape.radius) * (rng.uniform(1.0, 1.25) if self.book and self.kind == "daisy" else 1.0)
        left, top, right, bottom = (f(p[axis] for p in places) for f in (min, max) for axis in (0, 1))
        aside = 0.68 if self.layout in ("column", "ring") else share * self.shape.wide + 0.07
        wide = right - left + 2 * aside
        high = bottom - top + 2 * max(share * self.shape.high + 0.06, 0.62 if self.layout == "ring" else 0.36)
        tight = min(5.0, max(0.4, wide / high))
        size = picture_size(rng, config.size, (tight * (0.8 if config.variety > 1 else 0.92), tight))
        style = Style.sample(rng, config.variety, config.renderer)
        if self.book:
            style = replace(style, page=(255, 255, 255), ink=(35, 31, 32), font="STIXGeneral.ttf", width=0.011)
        self.canvas = Canvas(*size, style)
        self.pitch = min(size[0] / wide, size[1] / high)
        self.radius = share * self.pitch
        dx, dy = size[0] / 2 - (left + right) / 2 * self.pitch, size[1] / 2 - (top + bottom) / 2 * self.pitch
        self.places = [(x * self.pitch + dx, y * self.pitch + dy) for x, y in places]
        self.line = min(max(1.0, self.canvas.line_width), self.radius * 0.12)

    def _size_text(self, rng: random.Random, config: ChainConfig) -> None:
        """The em in pixels: as large as nodes and gaps between them allow, or somewhat smaller."""
        gap = 0.95 * self.pitch - 2 * self.radius * self.shape.wide
        room = min(gap, 0.6 * self.pitch) if self.layout not in ("column", "ring") else 0.5 * self.pitch
        number = (2 * self.radius * self.shape.text * self.heart - self.line) / self._unit_width([*self.shown, "00"])
        label = room / self._unit_width(self.labels)
        most = min(1.45 * self.radius * self.shape.floor * self.heart, 0.3 * self.pitch)
        spread = rng.uniform(0.7 if self.book else 0.75, 1.0) if config.variety and self.pitch > 110 else 1.0
        self.number_em, self.label_em = min(number, most) * spread, min(label, most) * spread
        if rng.random() < 0.5:
            self.number_em = self.label_em = min(self.number_em, self.label_em)

    def _unit_width(self, texts: list[str]) -> float:
        """The widest text's width in em."""
        boxes = (self.canvas.text_box((0, 0), text, 40) for text in texts if text)
        return max(box[2] - box[0] for box in boxes) / 40

    def _colours(self, rng: random.Random, config: ChainConfig) -> None:
        self.bold = self.book or rng.random() < 0.5
        self.petals = 6 if self.book or not config.variety else rng.choice((5, 6, 6, 7, 8))
        self.slim = rng.uniform(0.28, 0.42) if self.book else rng.uniform(0.4, 0.58)
        light, tint = (211 if self.book else rng.choice((211, 225, 255)),) * 3, (255, 255, 255)
        if self.book:
            self.fill, self.petal = light, tint
            return
        if config.variety and rng.random() < 0.4:
            light = (rng.randint(195, 255), rng.randint(195, 255), rng.randint(170, 255))
        if config.variety and rng.random() < 0.4:
            tint = (rng.randint(190, 255), rng.randint(190, 255), rng.randint(170, 255))
        self.fill, self.petal = light, tint

    def draw(self, rng: random.Random) -> list[tuple[int, int, RGB]]:
        """Draw all of it; gives the probes: a spot of each node's filling below its text, where there is room."""
        for start, end, label in zip(self.places, self.places[1:], self.labels, strict=False):
            self._arrow(start, end, label)
        probes = [self._node(place, text) for place, text in zip(self.places, self.shown, strict=True)]
        floor = self.radius * self.shape.floor * self.heart - self.line
        roomy = floor - 0.4 * self.number_em > 3
        blank = [probe for probe, text in zip(probes, self.shown, strict=True) if not text]
        return probes if roomy or len(blank) < 2 else blank

    def _node(self, place: XY, text: str) -> tuple[int, int, RGB]:
        _NODE[self.kind](self, place)
        if text:
            heavy = "STIXGeneralBol.ttf" if "STIX" in self.canvas.style.font else "DejaVuSans-Bold.ttf"
            self.canvas.text(place, text, self.number_em, font=heavy if text == "?" and self.bold else None)
        floor = self.radius * self.shape.floor * self.heart - self.line
        below = (min(0.4 * self.number_em, floor) + floor) / 2 if text else 0.0
        return int(place[0]), int(place[1] + below), self.fill

    def _arrow(self, start: XY, end: XY, label: str) -> None:
        length = math.dist(start, end)
        ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        reach = self.radius * math.hypot(ux * self.shape.wide, uy * self.shape.high) + 0.03 * self.pitch
        tail, tip = (start[0] + ux * reach, start[1] + uy * reach), (end[0] - ux * reach, end[1] - uy * reach)
        self.canvas.arrow(tail, tip, width=self.line, head=max(5.0, 5 * self.line, (0.045 if self.book else 0.07) * self.pitch))
        self._label(((tail[0] + tip[0]) / 2, (tail[1] + tip[1]) / 2), (uy, -ux), label)

    def _label(self, middle: XY, normal: XY, label: str) -> None:
        """The operation beside its arrow: above it, right of it, outside the ring, or within the snake's bend."""
        nx, ny = normal
        if self.layout == "ring":
            outward = nx * (middle[0] - self.canvas.width / 2) + ny * (middle[1] - self.canvas.height / 2)
            nx, ny = (nx, ny) if outward > 0 else (-nx, -ny)
        elif self.layout == "snake" and abs(nx) > 0.5:
            nx = -abs(nx)
        elif ny > 0.01 or (abs(ny) <= 0.01 and nx < 0):
            nx, ny = -nx, -ny
        left, top, right, bottom = self.canvas.text_box((0, 0), label, self.label_em)
        wide, high = (right - left) / 2, max(bottom - top, 0.7 * self.label_em) / 2
        away = abs(nx) * wide + abs(ny) * high + 0.04 * self.pitch + self.line
        x = min(max(middle[0] + nx * away, wide + 1), self.canvas.width - wide - 1)
        y = min(max(middle[1] + ny * away, high + 1), self.canvas.height - high - 1)
        self.canvas.text((x, y), label, self.label_em)


def _daisy(picture: _Picture, place: XY) -> None:
    (x, y), radius, canvas = place, picture.radius, picture.canvas
    slim, middle = picture.slim * math.sin(math.pi / picture.petals), 0.34 + 0.32 * picture.heart
    for k in range(picture.petals):
        turn = 2 * math.pi * k / picture.petals - math.pi / 2
        c, s = math.cos(turn), math.sin(turn)
        outline = []
        for j in range(24):
            a = math.pi * j / 12
            along, across = middle + (1 - middle) * math.cos(a), slim * math.sin(a)
            outline.append((x + radius * (along * c - across * s), y + radius * (along * s + across * c)))
        canvas.polygon(outline, picture.petal, canvas.style.ink, picture.line)
    canvas.circle(place, radius * 0.5 * picture.heart, picture.fill, canvas.style.ink, picture.line)


def _circle(picture: _Picture, place: XY) -> None:
    picture.canvas.circle(place, picture.radius, picture.fill, picture.canvas.style.ink, picture.line)


def _box(picture: _Picture, place: XY) -> None:
    (x, y), wide, high = place, picture.radius, 0.8 * picture.radius
    corners = [(x - wide, y - high), (x + wide, y - high), (x + wide, y + high), (x - wide, y + high)]
    picture.canvas.polygon(corners, picture.fill, picture.canvas.style.ink, picture.line)


def _cloud(picture: _Picture, place: XY) -> None:
    (x, y), r = place, picture.radius
    puffs = [
        (-0.62, 0.2, 0.5),
        (0.62, 0.2, 0.5),
        (-0.3, -0.3, 0.55),
        (0.3, -0.35, 0.5),
        (0.0, 0.35, 0.55),
        (0.0, 0.0, 0.6),
    ]
    for colour, less in ((picture.canvas.style.ink, 0.0), (picture.fill, picture.line)):
        for dx, dy, size in puffs:
            picture.canvas.circle((x + dx * r, y + dy * r), size * r - less, colour)


def _star(picture: _Picture, place: XY) -> None:
    points = regular_polygon(place, picture.radius, 10)
    for k in range(1, 10, 2):
        points[k] = (place[0] + (points[k][0] - place[0]) * 0.62, place[1] + (points[k][1] - place[1]) * 0.62)
    picture.canvas.polygon(points, picture.fill, picture.canvas.style.ink, picture.line)


_NODE: dict[str, Callable[[_Picture, XY], None]] = {
    "daisy": _daisy,
    "circle": _circle,
    "box": _box,
    "cloud": _cloud,
    "star": _star,
}
