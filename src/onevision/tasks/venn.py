"""Venn diagrams of two or three sets with a number, or dots, in each region: how many are in a part, or which is missing."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.strokes import Probe, em_to_fit, on_line, polar, stroke
from onevision.types import Description

SETS = (
    ("Chess", "Music", "Sport"), ("Tea", "Milk", "Juice"), ("Cats", "Dogs", "Birds"), ("French", "Spanish", "Latin"),
    ("Bike", "Bus", "Train"), ("Pizza", "Pasta", "Salad"), ("Maths", "Art", "Drama"), ("A", "B", "C"), ("P", "Q", "R"),
    ("Rock", "Jazz", "Pop"), ("Oak", "Pine", "Elm"), ("Swim", "Run", "Ski"),
)  # fmt: skip
LEADS = (
    "How many are {what}?",
    "What is the number of those that are {what}?",
    "Count everything that is {what}.",
    "How many elements of the diagram are {what}?",
    "Find how many are {what}.",
)
MISSING = (
    "All numbers together make {n}. Which number is hidden by the question mark?",
    "The diagram holds {n} in total. What stands in place of the question mark?",
    "Which number must replace ? if the sum of all regions is {n}?",
    "There are {n} altogether. Find the missing number.",
    "Fill in the region marked ? so that the total is {n}.",
)


@dataclass(frozen=True)
class VennConfig(Config):
    """sets: how many; top: largest number in a region; dots: how often dots stand for the numbers; queries: of QUERIES and
    "missing", repeated to weigh; total: largest total where dots are counted."""

    sets: tuple[int, ...] = (2, 3)
    top: int = 20
    dots: float = 0.0
    queries: tuple[str, ...] = ("in", "only", "both", "either", "one", "not")


class Venn(Task):
    """Two or three overlapping circles in a frame; the Description gives the number in every region, 1 inside and 0 outside a set."""

    name = "venn"
    Config = VennConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"sets": (2,), "top": 20, "queries": ("only", "both", "neither"), "variety": 0, "size": (224, 448)},
            2: {"sets": (2,), "queries": ("in", "in", "only", "both", "either"), "variety": 1, "size": (224, 600)},
            3: {"sets": (2,), "dots": 0.3, "top": 30, "queries": ("in", "either", "one", "not", "all"), "variety": 1},
            4: {"sets": (3,), "queries": ("in", "pair", "either", "one", "only")},
            5: {"sets": (3,), "top": 40, "queries": ("two", "one", "but", "missing", "not", "either")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: VennConfig) -> Item:
        dotted = rng.random() < config.dots
        names = rng.sample(rng.choice(SETS), rng.choice(config.sets))
        cells = list(product((1, 0), repeat=len(names)))
        # Some regions hold few and some many, so that sums spread widely.
        top = min(config.top, 7) if dotted else config.top
        numbers = {cell: rng.randint(0 if dotted else 1, top) for cell in cells}
        query = rng.choice([q for q in config.queries if q != "missing" or not dotted])
        hidden = rng.choice(cells) if query == "missing" else None
        question, answer, ask, steps = _ask(rng, query, names, numbers, hidden)
        rows = [(*map(str, cell), "?" if cell == hidden else str(n)) for cell, n in numbers.items()]
        description = Description("csv", csv.write(((*names, "number"), *rows)))
        self.claim(description, question)
        picture = _Picture(rng, config, names)
        picture.draw(rng, {cell: "?" if cell == hidden else str(n) for cell, n in numbers.items()}, dotted)
        image = picture.canvas.image(rng)
        return Item(image, question, answer, description, steps, ask, probes=picture.probes(image))


Cell = tuple[int, ...]
Asked = tuple[str, str, dict[str, Any], str]
"""question, answer, ask, steps"""

QUERIES: dict[str, tuple[str, Callable[[Cell, int, int], bool]]] = {
    "in": ("in {a}", lambda cell, a, b: bool(cell[a])),
    "only": ("in {a} only", lambda cell, a, b: cell[a] == sum(cell) == 1),
    "both": ("in both {a} and {b}", lambda cell, a, b: bool(cell[a] and cell[b])),
    "pair": ("in both {a} and {b}", lambda cell, a, b: bool(cell[a] and cell[b])),
    "either": ("in {a} or {b} or both", lambda cell, a, b: bool(cell[a] or cell[b])),
    "but": ("in {a} but not in {b}", lambda cell, a, b: bool(cell[a] and not cell[b])),
    "one": ("in exactly one set", lambda cell, a, b: sum(cell) == 1),
    "two": ("in exactly two sets", lambda cell, a, b: sum(cell) == 2),
    "not": ("not in {a}", lambda cell, a, b: not cell[a]),
    "neither": ("in none of the sets", lambda cell, a, b: not any(cell)),
    "all": ("in the whole diagram", lambda cell, a, b: True),
}
"""A question's words and which regions count, by the indexes of the sets a and b."""


def _ask(rng: random.Random, query: str, names: list[str], numbers: dict[Cell, int], hidden: Cell | None) -> Asked:
    if hidden:
        total = sum(numbers.values())
        steps, rest = _sum([(cell, n) for cell, n in numbers.items() if cell != hidden])
        lines = [*steps, f"{total}-{rest}={total - rest}"]
        return rng.choice(MISSING).format(n=total), str(total - rest), {"query": query, "total": total}, "\n".join(lines)
    a, b = rng.sample(range(len(names)), 2)
    words, counts = QUERIES[query]
    steps, total = _sum([(cell, n) for cell, n in numbers.items() if counts(cell, a, b)])
    question = rng.choice(LEADS).format(what=words.format(a=names[a], b=names[b]))
    return question, str(total), {"query": query, "sets": [names[a], names[b]]}, "\n".join(steps)


def _sum(chosen: list[tuple[Cell, int]]) -> tuple[list[str], int]:
    """Lines that add up the numbers of the regions, each with the region it takes from."""
    lines, total = list[str](), 0
    for cell, n in chosen:
        where = ",".join(map(str, cell))
        lines.append(f"{where}: {n}" if not lines else f"{where}: {total}+{n}={total + n}")
        total += n
    return lines, total


class _Picture:
    """Circles round the corners of a segment or a triangle, and where each region has room for a number."""

    def __init__(self, rng: random.Random, config: VennConfig, names: list[str]) -> None:
        self.names = names
        aspect = (1.25, 1.5) if len(names) == 2 else (0.95, 1.15)
        self.canvas = canvas = Canvas(*picture_size(rng, config.size, aspect), Style.sample(rng, config.variety, config.renderer))
        self.side = min(canvas.width / 1.3, canvas.height) if len(names) == 2 else min(canvas.width, canvas.height)
        self.radius = self.side * (0.3 if len(names) == 2 else 0.25)
        apart = self.radius * (1.15 if len(names) == 2 else 1.12)
        middle = (canvas.width / 2, canvas.height * (0.52 if len(names) == 2 else 0.5))
        ends = {2: (180.0, 0.0), 3: (150.0, 30.0, 270.0)}[len(names)]
        self.spread = apart / 2 if len(names) == 2 else apart / math.sqrt(3)
        self.ends, self.middle = ends, middle
        self.centres = [polar(middle, end, self.spread) for end in ends]
        self.line = stroke(canvas, 0.03 * self.radius)
        hues = rng.sample(("red", "blue", "green", "orange", "purple", "brown"), len(names))
        several = rng.random() < 0.7
        self.colours = [canvas.style.colour(rng, hue) if several else canvas.style.ink for hue in hues]

    def draw(self, rng: random.Random, texts: dict[Cell, str], dotted: bool) -> None:
        """The frame, the circles with their names, and a number or dots in each region."""
        canvas, (w, h), m = self.canvas, (self.canvas.width, self.canvas.height), 2 + self.line
        canvas.polygon([(m, m), (w - m, m), (w - m, h - m), (m, h - m)], outline=canvas.style.ink, width=0.7 * self.line)
        for centre, colour in zip(self.centres, self.colours, strict=True):
            canvas.circle(centre, self.radius, outline=colour, width=self.line)
        em = min(0.26 * self.radius, em_to_fit(canvas, self.names, 0.75 * self.radius))
        for k, name in enumerate(self.names):
            x, y = self._name_place(k, em)
            canvas.text((x, y), name, em, self.colours[k])
        for cell, text in texts.items():
            if dotted:
                self._dots(rng, self._place(cell), int(text))
            else:
                canvas.text(self._place(cell), text, min(0.34, 0.27 + 0.07 * (len(self.names) == 2)) * self.radius)

    def _name_place(self, k: int, em: float) -> XY:
        x, y = self.centres[k]
        if self.ends[k] == 270.0:
            return x + 1.25 * self.radius, y + 0.75 * self.radius
        return x + (self.ends[k] in (0.0, 30.0) or -1) * 0.45 * self.radius, y - self.radius - 0.65 * em

    def _place(self, cell: Cell) -> XY:
        """A point in the middle of the region that lies in exactly the circles marked 1."""
        if not any(cell):
            return self.canvas.width - 0.35 * self.radius, self.canvas.height - 0.35 * self.radius
        if all(cell):
            return self.middle
        x, y = (sum(v) for v in zip(*((self.centres[k][0] - self.middle[0], self.centres[k][1] - self.middle[1])
                                      for k, inside in enumerate(cell) if inside), strict=True))  # fmt: skip
        length = math.hypot(x, y)
        reach = self.radius * ({2: 1.0, 3: 1.12}[len(cell)] if sum(cell) == 1 else 0.74)
        return self.middle[0] + x / length * reach, self.middle[1] + y / length * reach

    def _dots(self, rng: random.Random, place: XY, count: int) -> None:
        """Up to seven dots in a cluster: one in the middle and six round it."""
        spots = [place, *(polar(place, 60 * k + 15, 0.19 * self.radius) for k in range(6))]
        for x, y in rng.sample(spots, count):
            self.canvas.circle((x, y), 0.06 * self.radius, self.canvas.style.ink)

    def probes(self, image: Any) -> tuple[Probe, ...]:
        """One on each circle, where no other crosses it."""
        found: list[Probe] = []
        for centre, end, colour in zip(self.centres, self.ends, self.colours, strict=True):
            shade: RGB = colour
            found += on_line(image, [polar(centre, end - 20, self.radius - self.line / 2)], shade)
        return tuple(found)
