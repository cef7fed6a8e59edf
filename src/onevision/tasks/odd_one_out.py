"""Lettered items that all share something but one: find it."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.shapes import draw_shape
from onevision.types import Description

QUESTIONS = (
    "Which one is the odd one out?",
    "Which item does not belong with the others?",
    "One of the items is different. Which letter does it have?",
    "Find the odd one out. Answer with its letter.",
    "All but one have something in common. Which is the one?",
    "Which letter does not fit?",
)
VALUES: dict[str, tuple[str, ...]] = {
    "shape": ("circle", "square", "triangle", "star", "diamond", "cross", "hexagon"),
    "colour": ("red", "blue", "green", "yellow", "purple", "black", "orange"),
    "size": ("small", "large"),
    "fill": ("full", "hollow"),
    "dots": ("0", "1", "2", "3"),
}
"""Attribute -> its values. Dots are small marks under the shape."""
PLAIN = {"shape": "circle", "colour": "blue", "size": "large", "fill": "full", "dots": "0"}


@dataclass(frozen=True)
class OddOneOutConfig(Config):
    """items: fewest and most; noise: how many attributes, beside the one that matters, vary without singling an item out."""

    items: tuple[int, int] = (5, 8)
    noise: tuple[int, int] = (1, 2)


class OddOneOut(Task):
    """A page of lettered shapes, one of which differs from all others in one attribute; its Description lists what varies."""

    name = "odd_one_out"
    version = 2
    Config = OddOneOutConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"items": (3, 5), "noise": (0, 0), "variety": 0, "size": (224, 448)},
            2: {"items": (4, 6), "noise": (0, 1), "variety": 0, "size": (224, 448)},
            3: {"items": (5, 7), "noise": (1, 1), "variety": 1, "size": (224, 700)},
            4: {"items": (5, 8), "noise": (1, 2)},
            5: {"items": (7, 12), "noise": (2, 3)},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: OddOneOutConfig) -> Item:
        count = rng.randint(*config.items)
        odd = rng.randrange(count)
        attributes = rng.sample(sorted(VALUES), 1 + min(rng.randint(*config.noise), count // 2))
        common, other = rng.sample(VALUES[attributes[0]], 2)
        columns = {attributes[0]: [other if k == odd else common for k in range(count)]}
        columns |= {a: _noise(rng, a, count) for a in attributes[1:]}
        names = [a for a in VALUES if a in columns]
        letters = "ABCDEFGHIJKL"[:count]
        rows = (("item", *names), *((letter, *(columns[a][k] for a in names)) for k, letter in enumerate(letters)))
        description, question = Description("csv", csv.write(rows)), rng.choice(QUESTIONS)
        self.claim(description, question)
        items = [PLAIN | {a: columns[a][k] for a in names} for k in range(count)]
        canvas, probes = _draw(rng, config, items, letters)
        steps = "\n".join(_walk(a, columns[a], letters) for a in names)
        image = canvas.image(rng)
        self.claim_picture(image)
        return Item(image, question, letters[odd], description, f"{steps}\n{letters[odd]}", {"query": "odd"}, probes=probes)


def _noise(rng: random.Random, attribute: str, count: int) -> list[str]:
    """Values of which each occurs at least twice, so that none singles an item out."""
    kinds = rng.sample(VALUES[attribute], min(len(VALUES[attribute]), rng.randint(2, max(2, count // 2)), count // 2))
    values = [*kinds, *kinds, *(rng.choice(kinds) for _ in range(count - 2 * len(kinds)))]
    rng.shuffle(values)
    return values


def _walk(attribute: str, values: list[str], letters: str) -> str:
    """How often each value occurs; the one that occurs once is named with its letter."""
    counts = Counter(values)
    said = ", ".join(f"{value} {counts[value]}" for value in dict.fromkeys(values))
    alone = [f": {letter}" for letter, value in zip(letters, values, strict=True) if counts[value] == 1 and len(values) > 2]
    return f"{attribute}: {said}{alone[0] if alone else ': no'}"


def _draw(
    rng: random.Random, config: OddOneOutConfig, items: list[dict[str, str]], letters: str
) -> tuple[Canvas, tuple[tuple[int, int, RGB], ...]]:
    columns = rng.choice([n for n in (2, 3, 4, 5) if -(-len(items) // n) <= 4 and n <= len(items)])
    rows = -(-len(items) // columns)
    style = Style.sample(rng, config.variety, config.renderer)
    aspect = min(2.2, max(0.5, columns / rows / 1.2))
    canvas = Canvas(*picture_size(rng, config.size, (aspect * 0.9, aspect * 1.1)), style)
    wide, high = canvas.width / columns, canvas.height / rows
    unit = min(wide, high)
    colours = {name: style.colour(rng, name) for name in VALUES["colour"]}
    wander = 0.035 * unit if config.variety else 0.0
    probes = []
    for k, (item, letter) in enumerate(zip(items, letters, strict=True)):
        x, y = ((k % columns + 0.5) * wide + rng.uniform(-wander, wander), (k // columns + 0.38) * high + rng.uniform(-wander, wander))
        probes.append(_item(canvas, (x, y), unit, item, colours[item["colour"]]))
        canvas.text((x, (k // columns + 0.9) * high), letter, 0.17 * unit)
    return canvas, tuple(probes)


def _item(canvas: Canvas, centre: XY, unit: float, item: dict[str, str], colour: RGB) -> tuple[int, int, RGB]:
    """One shape with its dots; gives a probe in its middle."""
    (x, y), radius = centre, (0.29 if item["size"] == "large" else 0.16) * unit
    full = item["fill"] == "full"
    draw_shape(canvas, item["shape"], centre, radius, colour if full else canvas.style.page, colour, 0.035 * unit)
    for k in range(dots := int(item["dots"])):
        canvas.circle((x + (k - (dots - 1) / 2) * 0.12 * unit, y + 0.345 * unit), 0.035 * unit, canvas.style.ink)
    return int(x), int(y), colour if full else canvas.style.page
