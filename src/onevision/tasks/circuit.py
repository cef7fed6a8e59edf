"""Circuits of a battery, resistors, lamps and switches: resistances, currents, voltages, and which lamps light."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

from onevision.formal import spice
from onevision.formal.spice import Element, Netlist
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import Canvas, Style, picture_size
from onevision.tasks.strokes import Probe, on_line
from onevision.tasks.terms import listed, number
from onevision.tasks.wiring import Branch, Drawing, Net, Part, Stage
from onevision.types import Description

QUESTIONS = {
    "total": (
        "What is the total resistance in ohms?",
        "Find the equivalent resistance of the circuit in ohms.",
        "Which single resistor, in ohms, could replace all of them?",
        "How many ohms does the battery see?",
        "Work out the resistance of the whole network in Ω.",
    ),
    "current": (
        "What current flows through the battery, in amperes?",
        "How many amperes does the battery deliver?",
        "Find the total current in A.",
        "Work out the current drawn from the battery in amperes.",
        "How large is the current in the main wire, in A?",
    ),
    "branch": (
        "What current flows through {r}, in amperes?",
        "How many amperes flow through {r}?",
        "Find the current in {r} in A.",
        "Work out the current through the resistor {r} in amperes.",
        "An ammeter is put in series with {r}. What does it show, in A?",
    ),
    "voltage": (
        "What is the voltage across {r}, in volts?",
        "How many volts are there between the ends of {r}?",
        "Find the voltage drop at {r} in V.",
        "A voltmeter is connected across {r}. What does it show, in V?",
        "Work out the voltage on the resistor {r} in volts.",
    ),
    "lit": (
        "Which lamps are lit? Name them in the order of the alphabet, or say none.",
        "Which lamps light up? Answer in alphabetical order, or none.",
        "Through which lamps does a current flow? List them alphabetically, or write none.",
        "Name all lamps that shine, in alphabetical order; say none if all are dark.",
        "List the lamps that are on, sorted by letter, or none.",
    ),
    "dark": (
        "Which lamps stay dark? Name them in the order of the alphabet, or say none.",
        "Which lamps do not light up? Answer in alphabetical order, or none.",
        "Through which lamps does no current flow? List them alphabetically, or write none.",
        "Name all lamps that do not shine, in alphabetical order; say none if all are lit.",
        "List the lamps that are off, sorted by letter, or none.",
    ),
}
LETTERS = "ABCDEFGHJKLMNPQTUWYZ"


@dataclass(frozen=True)
class CircuitConfig(Config):
    """stages: fewest and most parts one behind the other; branches: most side by side in one of them; parallel: how often a
    stage has several; chain: most parts in one branch; ohms: largest resistance; amperes: largest total current; queries:
    of QUESTIONS, repeated to weigh."""

    stages: tuple[int, int] = (1, 3)
    branches: int = 2
    parallel: float = 0.5
    chain: int = 1
    ohms: int = 30
    amperes: int = 12
    queries: tuple[str, ...] = ("total", "current", "branch", "voltage", "lit", "dark")


class Circuit(Task):
    """A battery and stages of resistors, or of lamps and switches, in series and parallel; the Description is a SPICE netlist."""

    name = "circuit"
    Config = CircuitConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"stages": (2, 3), "parallel": 0.0, "ohms": 20, "queries": ("total",), "variety": 0, "size": (224, 448)},
            2: {"stages": (2, 3), "parallel": 0.2, "ohms": 20, "queries": ("total", "current", "lit", "lit", "dark"), "variety": 1,
                "size": (224, 600)},
            3: {"stages": (1, 3), "queries": ("total", "current", "voltage", "lit", "dark"), "variety": 1},
            4: {"stages": (2, 3), "chain": 2, "queries": ("total", "current", "branch", "voltage", "lit", "dark")},
            5: {"stages": (2, 4), "branches": 3, "parallel": 0.7, "chain": 2, "ohms": 60,
                "queries": ("current", "branch", "voltage", "lit", "dark")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: CircuitConfig) -> Item:
        query = rng.choice(config.queries)
        lamps = query in ("lit", "dark")
        net = _lamps(rng, config) if lamps else _resistors(rng, config)
        part = rng.choice([p.name for p in net.parts() if p.kind == "resistor"]) if not lamps else ""
        answer, steps = _shine(net, query) if lamps else _calculate(net, query, part)
        question = rng.choice(QUESTIONS[query]).format(r=part)
        description = Description("spice", spice.write(_netlist(net)))
        self.claim(description, question)
        image, probes = _picture(rng, config, net)
        return Item(image, question, answer, description, "\n".join(steps), {"query": query, "part": part}, probes=probes)


def _plan(rng: random.Random, config: CircuitConfig) -> list[list[int]]:
    """How many parts each branch of each stage has; at most eight in all."""
    while True:
        plan = []
        for _ in range(rng.randint(*config.stages)):
            several = rng.random() < config.parallel
            plan.append([rng.randint(1, config.chain) if several else 1 for _ in range(rng.randint(2, config.branches) if several else 1)])
        if 2 <= sum(map(sum, plan)) <= 8:
            return plan


def _resistors(rng: random.Random, config: CircuitConfig) -> Net:
    """Resistors such that every stage's resistance is whole and all currents are whole or halves."""
    while True:
        names = (f"R{k}" for k in range(1, 9))
        stages = []
        for lengths in _plan(rng, config):
            ohms = rng.choice(_whole(len(lengths), config.ohms))
            stages.append(tuple(_series(rng, names, r, length) for r, length in zip(ohms, lengths, strict=True)))
        # Of a total current of 1.
        shares = [_stage_ohms(stage) / _branch_ohms(branch) for stage in stages for branch in stage]
        total = sum(map(_stage_ohms, stages), Fraction(0))
        halves = [k for k in range(1, 2 * config.amperes + 1) if all((k * share).denominator == 1 for share in shares)]
        volts = [v for k in halves for v in (Fraction(k, 2) * total,) if v.denominator == 1 and v <= 400]
        if volts:
            return Net(tuple(stages), rng.choice(volts))


def _series(rng: random.Random, names: Iterator[str], ohms: int, length: int) -> Branch:
    """A branch of one resistor, or of two that make `ohms` together."""
    if length == 1 or ohms < 2:
        return (Part("resistor", next(names), ohms),)
    first = rng.randint(1, ohms - 1)
    return Part("resistor", next(names), first), Part("resistor", next(names), ohms - first)


@cache
def _whole(branches: int, most: int) -> list[tuple[int, ...]]:
    """Resistances of so many branches whose parallel resistance is a whole number."""
    values = [r for r in range(2 if branches > 1 else 1, most + 1) if r <= 12 or r % 5 == 0 or r % 6 == 0]
    return [rs for rs in product(values, repeat=branches) if (1 / sum((Fraction(1, r) for r in rs), Fraction(0))).denominator == 1]


def _branch_ohms(branch: Branch) -> int:
    return sum(part.value for part in branch)


def _stage_ohms(stage: Stage) -> Fraction:
    return 1 / sum((Fraction(1, _branch_ohms(branch)) for branch in stage), Fraction(0))


def _lamps(rng: random.Random, config: CircuitConfig) -> Net:
    """Lamps, and switches that are open or closed, at least one of each."""
    while True:
        letters, switches = iter(rng.sample(LETTERS, 8)), iter(range(1, 9))
        stages = []
        for lengths in _plan(rng, config):
            if len(lengths) > 1 or rng.random() < 0.6:
                stages.append(tuple(_lamp_branch(rng, length, letters, switches, len(lengths) > 1) for length in lengths))
            else:
                stages.append((_switch(rng, switches, 0.85),))
        net = Net(tuple(stages), Fraction(rng.choice((3, 6, 9, 12))))
        kinds = [part.kind for part in net.parts()]
        all_alike = "none" in (_shine(net, "lit")[0], _shine(net, "dark")[0])
        if "lamp" in kinds and "switch" in kinds and len(kinds) <= 9 and (not all_alike or rng.random() < 0.15):
            return net


def _switch(rng: random.Random, switches: Iterator[int], closed: float) -> Branch:
    return (Part("switch", f"S{next(switches)}", int(rng.random() < closed)),)


def _lamp_branch(rng: random.Random, length: int, letters: Iterator[str], switches: Iterator[int], switched: bool) -> Branch:
    lamps = tuple(Part("lamp", next(letters)) for _ in range(length))
    return (*_switch(rng, switches, 0.5), *lamps) if switched and rng.random() < 0.7 else lamps


def _netlist(net: Net) -> Netlist:
    """The elements from plus, node 1, to minus, node 0. Lamps and switches are calls of subcircuits of these names."""
    elements = [Element("V1", ("1", "0"), str(net.volts))]
    node = here = 1
    for k, stage in enumerate(net.stages):
        end = 0 if k == len(net.stages) - 1 else (node := node + 1)
        for branch in stage:
            at = here
            for j, part in enumerate(branch):
                to = end if j == len(branch) - 1 else (node := node + 1)
                elements.append(_element(part, str(at), str(to)))
                at = to
        here = end
    return Netlist(tuple(elements))


def _element(part: Part, start: str, end: str) -> Element:
    value = {"resistor": str(part.value), "lamp": "lamp", "switch": "closed" if part.value else "open"}[part.kind]
    return Element(part.name if part.kind == "resistor" else f"X{part.name}", (start, end), value)


def _calculate(net: Net, query: str, part: str) -> tuple[str, list[str]]:
    """Branches in series, stages in parallel, the whole; then the current, and if asked its share in one branch."""
    lines, ohms = [], []
    for stage in net.stages:
        lines += _stage_lines(stage)
        ohms.append(int(_stage_ohms(stage)))
    total = sum(ohms)
    if len(ohms) > 1:
        lines.append(f"total: {'+'.join(map(str, ohms))}={total}")
    if query == "total":
        return str(total), lines
    current = net.volts / total
    lines.append(f"current: {net.volts}/{total}={number(current)}")
    if query == "current":
        return number(current), lines
    stage = next(stage for stage in net.stages if any(p.name == part for branch in stage for p in branch))
    branch = next(branch for branch in stage if any(p.name == part for p in branch))
    if len(stage) > 1:
        here, own = _stage_ohms(stage), _branch_ohms(branch)
        volts, current = current * here, current * here / own
        lines += [f"{number(net.volts / total)}*{here}={number(volts)}", f"{part}: {number(volts)}/{own}={number(current)}"]
    if query == "branch":
        return number(current), lines if len(stage) > 1 else [*lines, f"{part}: {number(current)}"]
    value = next(p.value for p in branch if p.name == part)
    return number(current * value), [*lines, f"{part}: {number(current)}*{value}={number(current * value)}"]


def _stage_lines(stage: Stage) -> list[str]:
    """How the resistance of a stage comes about: of two branches product over sum, of more the reciprocal of the reciprocals' sum."""
    lines = [f"{'+'.join(p.name for p in b)}: {'+'.join(str(p.value) for p in b)}={_branch_ohms(b)}" for b in stage if len(b) > 1]
    ohms, whole = [_branch_ohms(branch) for branch in stage], _stage_ohms(stage)
    if len(ohms) == 1:
        return lines or [f"{stage[0][0].name}: {ohms[0]}"]
    if len(ohms) == 2:
        a, b = ohms
        return [*lines, f"{a}*{b}/({a}+{b})={a * b}/{a + b}={whole}"]
    common = math.lcm(*ohms)
    shares = [common // r for r in ohms]
    lines.append(f"{'+'.join(f'1/{r}' for r in ohms)}={'+'.join(f'{share}/{common}' for share in shares)}={sum(shares)}/{common}")
    return [*lines, f"{common}/{sum(shares)}={whole}"]


def _shine(net: Net, query: str) -> tuple[str, list[str]]:
    """Each branch is open or closed, a stage is open when all its branches are, and one open stage breaks the circuit."""
    lines, states = [], []
    for stage in net.stages:
        closed = [all(part.kind != "switch" or part.value for part in branch) for branch in stage]
        states.append(closed)
        for branch, passes in zip(stage, closed, strict=True):
            switches = [f"{p.name} {'closed' if p.value else 'open'}" for p in branch if p.kind == "switch"] or ["no switch"]
            names = "".join(f" {p.name}" for p in branch if p.kind == "lamp")
            lines.append(f"{', '.join(switches)}:{names} {'closed' if passes else 'open'}")
    whole = all(any(closed) for closed in states)
    lines.append(f"circuit {'closed' if whole else 'broken'}")
    lit, dark = list[str](), list[str]()
    for stage, closed in zip(net.stages, states, strict=True):
        for branch, passes in zip(stage, closed, strict=True):
            (lit if passes and whole else dark).extend(p.name for p in branch if p.kind == "lamp")
    answer = listed(lit if query == "lit" else dark) or "none"
    return answer, [*lines, f"{query}: {answer}"]


def _picture(rng: random.Random, config: CircuitConfig, net: Net) -> tuple[Any, tuple[Probe, ...]]:
    """The finished image, with probes on the wires: battery on the left, stages along the top, the way back below."""
    widths = [max(map(len, stage)) + (0.7 if len(stage) > 1 else 0.2) for stage in net.stages]
    rows = max(map(len, net.stages))
    wide, high = sum(widths) + 2.1, 0.8 * rows + 1.0
    aspect = min(2.4, max(1.0, wide / high))
    canvas = Canvas(*picture_size(rng, config.size, (0.95 * aspect, 1.1 * aspect)), Style.sample(rng, config.variety, config.renderer))
    unit = min(canvas.width / (wide + 0.2), canvas.height / (high + 0.2))
    drawing = Drawing(rng, canvas, unit, net)
    drawing.draw(widths, (canvas.width - wide * unit) / 2 + 0.55 * unit, (canvas.height - high * unit) / 2 + 0.6 * unit)
    image = canvas.image(rng)
    return image, on_line(image, drawing.spots, canvas.style.ink)
