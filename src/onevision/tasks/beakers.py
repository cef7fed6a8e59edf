"""Measuring vessels with scales: read volumes, add, compare, pour, share, and find a stone's volume."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.tasks.strokes import WHITE, Probe, inside, mixed, stroke
from onevision.tasks.terms import number
from onevision.types import Description

QUESTIONS = {
    "read": (
        "How many mL are in vessel {a}?",
        "What is the volume of the liquid in {a}, in mL?",
        "Read the level in {a}. Answer in mL.",
        "How much liquid does {a} hold, in mL?",
        "To how many mL is {a} filled?",
    ),
    "sum": (
        "How many mL do {a} and {b} hold together?",
        "What is the total volume in {a} and {b}, in mL?",
        "Pour {a} and {b} into one large bowl. How many mL are in it?",
        "Add the volumes in {a} and {b}. Answer in mL.",
        "How much liquid is in {a} and {b} altogether, in mL?",
    ),
    "difference": (
        "By how many mL do the volumes in {a} and {b} differ?",
        "What is the difference between the volumes in {a} and {b}, in mL?",
        "How many mL must be taken from the fuller of {a} and {b} to have as much as in the other?",
        "How much more is in the fuller one of {a} and {b}, in mL?",
        "Find the difference of the two levels of {a} and {b} in mL.",
    ),
    "room": (
        "How many mL still fit into {a} up to its highest mark?",
        "How much must be poured into {a} to reach the top of the scale, in mL?",
        "How many mL are missing in {a} up to the highest mark?",
        "What volume, in mL, fills {a} from its level to the end of its scale?",
        "How many mL can be added to {a} until the top mark is reached?",
    ),
    "all": (
        "How many mL are in all the vessels together?",
        "What is the total volume of liquid in the picture, in mL?",
        "Add up all the volumes. Answer in mL.",
        "All vessels are emptied into a bucket. How many mL does it hold then?",
        "How much liquid is there altogether, in mL?",
    ),
    "share": (
        "The liquid of {a} and {b} is shared equally between the two. How many mL does each hold then?",
        "How many mL are in each of {a} and {b} once they hold the same?",
        "Liquid is poured between {a} and {b} until both hold the same volume. Which volume is that, in mL?",
        "What is the mean of the volumes in {a} and {b}, in mL?",
        "Find the equal volume that {a} and {b} end with after levelling, in mL.",
    ),
    "most": (
        "Which vessel holds the most liquid?",
        "Where is the largest volume?",
        "Name the vessel with the greatest volume of liquid.",
        "In which vessel is the most liquid, by its scale?",
        "Which letter marks the vessel with the largest volume?",
    ),
}
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class BeakersConfig(Config):
    """vessels: fewest and most; scales: (volume a numbered mark, parts between two of these); marks: fewest and most
    numbered marks; between: how often a level lies halfway between two marks; queries: of QUESTIONS, repeated to weigh."""

    vessels: tuple[int, int] = (2, 3)
    scales: tuple[tuple[int, int], ...] = ((10, 2), (10, 5), (20, 4), (20, 2), (50, 5), (100, 4), (100, 5), (100, 2), (5, 5))
    marks: tuple[int, int] = (4, 8)
    between: float = 0.0
    queries: tuple[str, ...] = ("read", "sum", "difference", "room")


class Beakers(Task):
    """Filled beakers and cylinders with scales; the Description lists each with the end of its scale and its volume."""

    name = "beakers"
    Config = BeakersConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = ((10, 1), (10, 2), (20, 2), (50, 2), (100, 2), (100, 4))
        presets: dict[int, dict[str, Any]] = {
            1: {"vessels": (1, 2), "scales": plain, "queries": ("read",), "variety": 0, "size": (224, 448)},
            2: {"vessels": (1, 3), "scales": plain, "queries": ("read", "read", "room", "most"), "variety": 1, "size": (224, 600)},
            3: {"queries": ("read", "sum", "difference", "room", "most"), "variety": 1},
            4: {"queries": ("sum", "difference", "room", "share", "all")},
            5: {"vessels": (3, 5), "between": 0.4, "queries": ("sum", "difference", "share", "all", "most")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: BeakersConfig) -> Item:
        query = rng.choice(config.queries)
        vessels = _vessels(rng, config, query)
        chosen = rng.sample(vessels, min(2, len(vessels)))
        answer, steps = ASK[query](chosen, vessels)
        names = [vessel.name for vessel in chosen]
        question = rng.choice(QUESTIONS[query]).format(a=names[0], b=names[-1])
        rows = [(v.name, str(v.top), number(v.volume)) for v in vessels]
        description = Description("csv", csv.write((("vessel", "scale to", "mL"), *rows)))
        self.claim(description, question)
        image, probes = _picture(rng, config, vessels)
        return Item(image, question, answer, description, "\n".join(steps), {"query": query, "vessels": names}, probes=probes)


@dataclass(frozen=True)
class _Vessel:
    """A vessel with `marks` numbered marks, each `step` mL above the last, in `parts` parts. volume: mL in it."""

    name: str
    step: int
    parts: int
    marks: int
    volume: Fraction

    @property
    def top(self) -> int:
        return self.step * self.marks


def _vessels(rng: random.Random, config: BeakersConfig, query: str) -> list[_Vessel]:
    """Vessels whose levels lie on marks, or halfway; for some questions several, and no two equally full."""
    least = {"read": 1, "room": 1}.get(query, 2)
    while True:
        count = max(least, rng.randint(*config.vessels))
        found = []
        for name in sorted(rng.sample(LETTERS, count)):
            step, parts = rng.choice(config.scales)
            # At most 30 parts in all can be told apart in a small picture.
            marks = min(rng.randint(*config.marks), 30 // parts)
            level = Fraction(rng.randint(1, marks * parts - 1)) - (Fraction(1, 2) if rng.random() < config.between else 0)
            found.append(_Vessel(name, step, parts, marks, level * Fraction(step, parts)))
        if len({vessel.volume for vessel in found}) == count:
            return found


Asked = tuple[str, list[str]]
"""answer, steps"""


def _say(*vessels: _Vessel) -> list[str]:
    return [f"{v.name}: {number(v.volume)}" for v in vessels]


def _read(chosen: list[_Vessel], vessels: list[_Vessel]) -> Asked:
    return number(chosen[0].volume), _say(chosen[0])


def _sum(chosen: list[_Vessel], vessels: list[_Vessel]) -> Asked:
    return _add(chosen)


def _all(chosen: list[_Vessel], vessels: list[_Vessel]) -> Asked:
    return _add(vessels)


def _add(vessels: list[_Vessel]) -> Asked:
    total, lines = vessels[0].volume, _say(*vessels)
    for vessel in vessels[1:]:
        lines.append(f"{number(total)}+{number(vessel.volume)}={number(total + vessel.volume)}")
        total += vessel.volume
    return number(total), lines


def _difference(chosen: list[_Vessel], vessels: list[_Vessel]) -> Asked:
    high, low = sorted((v.volume for v in chosen), reverse=True)
    answer = number(high - low)
    return answer, [*_say(*chosen), f"{number(high)}-{number(low)}={answer}"]


def _room(chosen: list[_Vessel], vessels: list[_Vessel]) -> Asked:
    vessel = chosen[0]
    answer = number(vessel.top - vessel.volume)
    return answer, [*_say(vessel), f"{vessel.top}-{number(vessel.volume)}={answer}"]


def _share(chosen: list[_Vessel], vessels: list[_Vessel]) -> Asked:
    total, lines = _add(chosen)
    answer = number(sum(v.volume for v in chosen) / Fraction(2))
    return answer, [*lines, f"{total}/2={answer}"]


def _most(chosen: list[_Vessel], vessels: list[_Vessel]) -> Asked:
    best = max(vessels, key=lambda v: v.volume)
    return best.name, [*_say(*vessels), f"most: {number(best.volume)}, {best.name}"]


ASK: dict[str, Callable[[list[_Vessel], list[_Vessel]], Asked]] = {
    "read": _read, "sum": _sum, "difference": _difference, "room": _room, "all": _all, "share": _share, "most": _most,
}  # fmt: skip


def _picture(rng: random.Random, config: BeakersConfig, vessels: list[_Vessel]) -> tuple[Any, tuple[Probe, ...]]:
    """The finished image, with a probe in each liquid and, above it, in each vessel's empty part."""
    count = len(vessels)
    aspect = 0.55 + 0.3 * count
    canvas = Canvas(*picture_size(rng, config.size, (0.85 * aspect, 1.1 * aspect)), Style.sample(rng, config.variety, config.renderer))
    slot, line = canvas.width / count, min(stroke(canvas), 0.012 * canvas.height)
    em = min(0.05 * canvas.height, 0.14 * slot)
    hues = ("blue", "cyan", "green", "orange", "pink", "yellow", "purple")
    several, first = rng.random() < 0.6, rng.choice(hues)
    probes: list[Probe] = []
    for k, vessel in enumerate(vessels):
        base = canvas.style.colour(rng, rng.choice(hues) if several else first)
        fill = mixed(base, WHITE, 0.5)
        wide = slot * rng.uniform(0.42, 0.6)
        high = canvas.height * (0.78 if config.variety == 0 else rng.uniform(0.62, 0.8))
        probes += _vessel(canvas, vessel, ((k + 0.42) * slot, canvas.height - 2.1 * em), (wide, high), em, line, fill)
    canvas.text((canvas.width - 0.3 * em, 0.9 * em), "mL", em, anchor="rm")
    return canvas.image(rng), tuple(probes)


def _vessel(canvas: Canvas, vessel: _Vessel, foot: tuple[float, float], size: tuple[float, float], em: float, line: float,
            fill: RGB) -> tuple[Probe, ...]:  # fmt: skip
    """One vessel standing with the middle of its bottom at `foot`; numbers right of its scale, its letter below."""
    (x, y), (wide, high), ink = foot, size, canvas.style.ink
    left, right = x - wide / 2, x + wide / 2
    unit = 0.92 * high / vessel.top
    level = y - float(vessel.volume) * unit
    canvas.polygon([(left, y), (left, level), (right, level), (right, y)], fill)
    canvas.line([(left, level), (right, level)], width=line)
    canvas.line([(left - 0.06 * wide, y - high), (left, y - high), (left, y), (right, y), (right, y - high)], width=1.3 * line)
    thin = max(1.0, min(0.7 * line, 0.25 * unit * vessel.step / vessel.parts))
    small = min(em, 0.8 * unit * vessel.step)
    for k in range(1, vessel.marks * vessel.parts + 1):
        tick = y - k * unit * vessel.step / vessel.parts
        whole = k % vessel.parts == 0
        canvas.line([(right, tick), (right - (0.34 if whole else 0.18) * wide, tick)], ink, thin)
        if whole:
            canvas.text((right + 0.35 * small, tick), str(k // vessel.parts * vessel.step), small, anchor="lm")
    canvas.text((x, y + 1.1 * em), vessel.name, 1.25 * em)
    parts = [((level + y) / 2, y - level, fill), ((level + y - high) / 2, level - y + high, canvas.style.page)]
    return tuple(p for at, tall, colour in parts if tall > 5 * line for p in inside([(left + 0.25 * wide, at)], colour))
