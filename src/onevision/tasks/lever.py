"""Levers and pans in balance: torques, a missing mass, a missing distance, equal boxes against weights."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.strokes import Probe, em_to_fit, inside, on_line, stroke
from onevision.types import Description

QUESTIONS = {
    "mass": (
        "The lever is in balance. How many kg is the weight marked with a question mark?",
        "Which mass, in kg, must the marked weight have so that the beam stays level?",
        "The beam does not tilt. Find the unknown mass in kg.",
        "What does the weight with the question mark weigh, if the lever balances?",
        "Work out the missing mass that keeps the lever horizontal.",
    ),
    "distance": (
        "At how many marks from the pivot must a weight of {n} kg hang on the right so that the beam balances?",
        "A weight of {n} kg is added on the right and the lever balances. How many marks from the pivot does it hang?",
        "Where on the right, counted in marks from the pivot, does {n} kg bring the beam into balance?",
        "How far from the pivot, in marks, must one hang {n} kg on the right side to level the beam?",
        "Find the distance from the pivot, in marks, at which {n} kg on the right balance the lever.",
    ),
    "torque": (
        "What is the sum of mass times distance on the {side} side?",
        "Multiply each mass on the {side} by its distance in marks and add up. What is the result?",
        "How large is the turning effect on the {side}, in kg times marks?",
        "Find the total moment of the weights on the {side} of the pivot, in kg times marks.",
        "Work out mass times distance, added up, for the {side} arm.",
    ),
    "difference": (
        "By how much do the turning effects of the two sides differ, in kg times marks?",
        "What is the difference of the moments on the two arms, in kg times marks?",
        "Add up mass times distance on each side. How much larger is the larger sum?",
        "How large is the unbalanced moment of this lever, in kg times marks?",
        "Find the difference between the left and the right sum of mass times distance.",
    ),
    "box": (
        "The pans balance and all boxes marked x weigh the same. How many kg is one box?",
        "What is the weight of one box x, if the scale is level? Answer in kg.",
        "Find the mass of a box marked x. Both pans weigh the same.",
        "How heavy is each box x, in kg, when the balance does not tilt?",
        "Work out x, the weight of one box, from the level scale.",
    ),
}


@dataclass(frozen=True)
class LeverConfig(Config):
    """queries: of QUESTIONS, repeated to weigh; weights: most on one arm; reach: marks on one arm; heaviest: largest mass;
    boxes: most in one pan; both: whether boxes may be in both pans."""

    queries: tuple[str, ...] = ("mass", "distance", "torque", "box")
    weights: int = 2
    reach: int = 6
    heaviest: int = 20
    boxes: int = 3
    both: bool = True


class Lever(Task):
    """A beam on a pivot with weights at its marks, or two pans; the Description lists what hangs or lies where."""

    name = "lever"
    Config = LeverConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"queries": ("torque", "box"), "weights": 1, "heaviest": 12, "boxes": 1, "both": False, "variety": 0, "size": (224, 448)},
            2: {"queries": ("mass", "torque", "box"), "weights": 1, "boxes": 2, "both": False, "variety": 1, "size": (224, 600)},
            3: {"queries": ("mass", "torque", "distance", "box"), "both": False, "variety": 1},
            4: {"queries": ("mass", "distance", "difference", "box")},
            5: {"queries": ("mass", "mass", "difference", "box"), "weights": 3, "reach": 9, "heaviest": 30, "boxes": 5},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: LeverConfig) -> Item:
        query = rng.choice(config.queries)
        if query == "box":
            return self._pans(rng, config)
        side = rng.choice(("left", "right"))
        arms, asked = _arms(rng, config, query, side)
        fill: dict[str, Any] = {"n": asked} if query == "distance" else {"side": side} if query == "torque" else {}
        question = rng.choice(QUESTIONS[query]).format(**fill)
        rows = [(name, str(at), str(kg or "?")) for name, hung in arms.items() for at, kg in hung.items()]
        description = Description("csv", csv.write((("side", "marks", "kg"), *rows)))
        self.claim(description, question)
        answer, steps = _work(arms, query, side, asked)
        image, probes = _beam(rng, config, arms)
        return Item(image, question, str(answer), description, "\n".join(steps), {"query": query} | fill, probes=probes)

    def _pans(self, rng: random.Random, config: LeverConfig) -> Item:
        each, more = rng.randint(1, config.heaviest), rng.randint(1, config.boxes)
        shared = rng.randint(0, config.boxes - 1) if config.both else 0
        loose = [rng.randint(1, config.heaviest) for _ in range(rng.randint(0 if shared else 1, 2))]
        other = _split(rng, sum(loose) + more * each, rng.randint(1, 2))
        pans = [["x"] * (more + shared) + list(map(str, loose)), ["x"] * shared + list(map(str, other))]
        rng.shuffle(pans)
        sides = dict(zip(("left", "right"), pans, strict=True))
        question = rng.choice(QUESTIONS["box"])
        rows = [(name, thing) for name, things in sides.items() for thing in things]
        description = Description("csv", csv.write((("pan", "kg"), *rows)))
        self.claim(description, question)
        image, probes = _scale(rng, config, sides)
        return Item(image, question, str(each), description, "\n".join(_solve(sides)), {"query": "box"}, probes=probes)


Arms = dict[str, dict[int, int | None]]
"""side -> marks from the pivot -> kg, None for the unknown one."""


def _arms(rng: random.Random, config: LeverConfig, query: str, side: str) -> tuple[Arms, int]:
    """What hangs where, and the unknown mass, or the mass that is to be hung on the right."""
    while True:
        arms: Arms = {}
        for name in ("left", "right"):
            places = sorted(rng.sample(range(1, config.reach + 1), rng.randint(1, config.weights)))
            arms[name] = {at: rng.randint(1, config.heaviest) for at in places}
        left, right = _moment(arms["left"]), _moment(arms["right"])
        if query == "torque" or (query == "difference" and left != right):
            return arms, 0
        if query == "mass":
            at = rng.choice(list(arms[side]))
            rest = {"left": right - left, "right": left - right}[side] + at * (arms[side][at] or 0)
            if rest > 0 and rest % at == 0 and rest // at <= 3 * config.heaviest:
                arms[side][at] = None
                return arms, rest // at
        if query == "distance":
            at = rng.choice([k for k in range(1, config.reach + 1) if k not in arms["right"]])
            if config.weights == 1 or rng.random() < 0.4:
                right, arms["right"] = 0, {}
            if left > right and (left - right) % at == 0 and (left - right) // at <= 2 * config.heaviest:
                return arms, (left - right) // at


def _moment(hung: dict[int, int | None]) -> int:
    return sum(at * (kg or 0) for at, kg in hung.items())


def _moment_lines(hung: dict[int, int | None]) -> list[str]:
    """Lines that add up mass times distance."""
    total, lines = 0, []
    for at, kg in hung.items():
        if kg:
            lines.append(f"{at}*{kg}={at * kg}" + (f", {total}+{at * kg}={total + at * kg}" if total else ""))
            total += at * kg
    return lines or ["0"]


def _work(arms: Arms, query: str, side: str, asked: int) -> tuple[int, list[str]]:
    """The answer and the lines that lead there."""
    left, right = _moment(arms["left"]), _moment(arms["right"])
    if query == "torque":
        return _moment(arms[side]), _moment_lines(arms[side])
    lines = ["left", *_moment_lines(arms["left"]), "right", *_moment_lines(arms["right"])]
    gap = abs(left - right)
    lines.append(f"{max(left, right)}-{min(left, right)}={gap}")
    if query == "difference":
        return gap, lines
    if query == "distance":
        return gap // asked, [*lines, f"{gap}/{asked}={gap // asked}"]
    at = next(at for hung in arms.values() for at, kg in hung.items() if kg is None)
    return asked, [*lines, f"{gap}/{at}={asked}"]


def _split(rng: random.Random, total: int, count: int) -> list[int]:
    if count == 1 or total < 4:
        return [total]
    first = rng.randint(total // 4, 3 * total // 4)
    return [first, total - first]


def _solve(sides: dict[str, list[str]]) -> list[str]:
    """Boxes taken from both pans, weights added up and taken from the heavier pan."""
    lines, counts, sums = [], [], []
    for name, things in sides.items():
        numbers = [int(thing) for thing in things if thing != "x"]
        counts.append(things.count("x"))
        sums.append(sum(numbers))
        lines.append(f"{name}: {counts[-1]}x, {'+'.join(map(str, numbers)) + '=' if len(numbers) > 1 else ''}{sums[-1]}")
    boxes, rest = abs(counts[0] - counts[1]), abs(sums[0] - sums[1])
    lines.append(f"{max(counts)}x-{min(counts)}x={boxes}x")
    return [*lines, f"{max(sums)}-{min(sums)}={rest}", f"{rest}/{boxes}={rest // boxes}"]


def _beam(rng: random.Random, config: LeverConfig, arms: Arms) -> tuple[Any, tuple[Probe, ...]]:
    """The finished image of a lever, with probes in its weights."""
    canvas = Canvas(*picture_size(rng, config.size, (1.3, 1.9)), Style.sample(rng, config.variety, config.renderer))
    pitch = canvas.width / (2 * config.reach + 1.8)
    (x, y), line = (canvas.width / 2, canvas.height * rng.uniform(0.3, 0.4)), min(stroke(canvas), 0.12 * pitch)
    wood = canvas.style.colour(rng, rng.choice(("brown", "gray", "orange", "black")))
    reach, thick = (config.reach + 0.5) * pitch, max(3.0, 0.16 * pitch)
    canvas.polygon([(x - reach, y - thick), (x + reach, y - thick), (x + reach, y + thick), (x - reach, y + thick)], wood)
    foot = min(canvas.height * 0.45, 2.4 * pitch)
    canvas.polygon([(x, y + thick), (x - 0.5 * foot, y + foot), (x + 0.5 * foot, y + foot)], canvas.style.ink)
    em = min(0.62 * pitch, 0.08 * canvas.height)
    for k in range(-config.reach, config.reach + 1):
        canvas.line([(x + k * pitch, y - thick), (x + k * pitch, y - thick - 0.4 * em)], width=max(1.0, 0.6 * line))
        canvas.text((x + k * pitch, y - thick - 1.1 * em), str(abs(k)), em)
    fill = canvas.style.colour(rng, rng.choice(("yellow", "cyan", "pink", "green", "orange")))
    size = min(1.5 * pitch, 0.2 * canvas.height)
    spots = []
    for name, sign in (("left", -1), ("right", 1)):
        # Neighbours hang high and low by turns, so that they may be wider than a mark.
        for k, (at, kg) in enumerate(arms[name].items()):
            spots.append(_weight(canvas, (x + sign * at * pitch, y + thick), size, (0.4, 1.55)[k % 2], str(kg or "?"), fill))
    canvas.text((canvas.width / 2, canvas.height - 1.2 * em), "masses in kg", 0.9 * em)
    image = canvas.image(rng)
    return image, on_line(image, spots, fill)


def _weight(canvas: Canvas, hook: XY, size: float, string: float, text: str, fill: RGB) -> XY:
    """A weight on a string, of `string` times its size, below `hook`; gives a point in it beside its text."""
    (x, y), h = hook, size / 2
    top = y + string * size
    canvas.line([(x, y), (x, top)], width=max(1.0, 0.05 * size))
    canvas.polygon([(x - h, top), (x + h, top), (x + h, top + size), (x - h, top + size)], fill, canvas.style.ink, max(1.0, 0.05 * size))
    em = min(0.62 * size, em_to_fit(canvas, [text], 0.72 * size))
    canvas.text((x, top + h), text, em, (20, 20, 20))
    return x - 0.4 * size, top + 0.2 * size


def _scale(rng: random.Random, config: LeverConfig, sides: dict[str, list[str]]) -> tuple[Any, tuple[Probe, ...]]:
    """The finished image of two level pans, with probes in what lies in them."""
    canvas = Canvas(*picture_size(rng, config.size, (1.1, 1.5)), Style.sample(rng, config.variety, config.renderer))
    w, h, line = canvas.width, canvas.height, min(stroke(canvas), 0.012 * canvas.width)
    columns = 4 if max(map(len, sides.values())) > 3 else 3
    size = min(0.42 * w / columns, 0.19 * h)
    boxes = canvas.style.colour(rng, rng.choice(("orange", "pink", "yellow", "cyan")))
    weights = (205, 205, 205)
    beam, floor = 0.16 * h, 0.72 * h
    canvas.line([(0.26 * w, beam), (0.74 * w, beam)], width=2 * line)
    canvas.line([(0.5 * w, 0.1 * h), (0.5 * w, 0.9 * h)], width=2 * line)
    canvas.line([(0.36 * w, 0.9 * h), (0.64 * w, 0.9 * h)], width=3 * line)
    spots: list[Probe] = []
    for (_, things), x in zip(sides.items(), (0.26 * w, 0.74 * w), strict=True):
        edge = 0.21 * w
        for end in (-edge, edge):
            canvas.line([(x, beam), (x + end, floor)], width=max(1.0, 0.7 * line))
        canvas.line([(x - edge, floor), (x + edge, floor)], width=2 * line)
        for k, thing in enumerate(things):
            row = things[k // columns * columns : (k // columns + 1) * columns]
            cx = x + (k % columns - (len(row) - 1) / 2) * size * 1.06
            cy = floor - line - (k // columns + 0.5) * size * 1.04
            spots += _thing(canvas, (cx, cy), size, thing, boxes if thing == "x" else weights)
    canvas.text((0.5 * w, 0.955 * h), "masses in kg", 0.05 * h)
    return canvas.image(rng), tuple(spots)


def _thing(canvas: Canvas, centre: XY, size: float, text: str, fill: RGB) -> tuple[Probe, ...]:
    """A box, or a weight, which is narrower at its top."""
    (x, y), h, top = centre, size / 2, size / 2 * (1.0 if text == "x" else 0.7)
    canvas.polygon([(x - top, y - h), (x + top, y - h), (x + h, y + h), (x - h, y + h)], fill, canvas.style.ink, max(1.0, 0.04 * size))
    canvas.text((x, y), text, min(0.6 * size, em_to_fit(canvas, [text], 0.75 * size)), (20, 20, 20))
    return inside([(x, y + 0.38 * size)], fill)
