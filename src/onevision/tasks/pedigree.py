"""Family trees with a recessive trait: who is whose kin, who has the trait, and who must carry it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.strokes import Probe, on_line, stroke
from onevision.tasks.terms import listed
from onevision.types import Description

QUESTIONS = {
    "parents": (
        "Who are the parents of {a}?",
        "Name the father and the mother of {a}.",
        "Whose child is {a}? Give both letters.",
        "Which two people are the parents of {a}?",
        "From which couple does {a} descend?",
    ),
    "siblings": (
        "Who are the brothers and sisters of {a}?",
        "Name all siblings of {a}.",
        "Which people have the same parents as {a}?",
        "List the brothers and sisters of {a}.",
        "Who else is a child of the parents of {a}?",
    ),
    "grandchildren": (
        "Who are the grandchildren of {a}?",
        "Name all grandchildren of {a}.",
        "Which people are children of the children of {a}?",
        "List the grandsons and granddaughters of {a}.",
        "Of whom is {a} a grandparent?",
    ),
    "men": (
        "Which males show the trait? Filled symbols show it, squares are male.",
        "Name all affected males; squares are male, filled symbols affected.",
        "Squares stand for males and a filled symbol for the trait. Which males have it?",
        "List the males with the trait (filled squares).",
        "Who is male and affected? A square is a male, a filled symbol means affected.",
    ),
    "women": (
        "Which females show the trait? Filled symbols show it, circles are female.",
        "Name all affected females; circles are female, filled symbols affected.",
        "Circles stand for females and a filled symbol for the trait. Which females have it?",
        "List the females with the trait (filled circles).",
        "Who is female and affected? A circle is a female, a filled symbol means affected.",
    ),
    "uncles": (
        "Who are the aunts and uncles of {a}, by blood?",
        "Name the brothers and sisters of the parents of {a}.",
        "Which people are siblings of a parent of {a}?",
        "List the aunts and uncles of {a} that are not just married into the family.",
        "Who has a parent of {a} as brother or sister?",
    ),
    "carriers": (
        "The trait (filled) is recessive. Who must carry it without showing it?",
        "Filled symbols show a recessive trait. Which people are certainly Aa?",
        "The filled trait is recessive. Name all that have exactly one allele for it for sure.",
        "Who is surely heterozygous, if filled symbols stand for a recessive trait?",
        "With a recessive trait (filled), which unaffected people must be carriers?",
    ),
}
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class PedigreeConfig(Config):
    """children: fewest and most of a couple; depth: generations; married: how often a child of the middle generations has a
    spouse and children; most: people in all; queries: of QUESTIONS, repeated to weigh."""

    children: tuple[int, int] = (2, 3)
    depth: int = 3
    married: float = 0.6
    most: int = 12
    queries: tuple[str, ...] = ("parents", "siblings", "men", "women", "grandchildren", "carriers")


class Pedigree(Task):
    """A family tree as geneticists draw it; the Description lists everybody with father, mother, sex and trait."""

    name = "pedigree"
    Config = PedigreeConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"depth": 2, "children": (2, 5), "queries": ("siblings", "men", "women"), "variety": 0, "size": (224, 448)},
            2: {"depth": 3, "most": 9, "queries": ("parents", "siblings", "men", "women"), "variety": 1, "size": (224, 600)},
            3: {"most": 10, "queries": ("parents", "siblings", "men", "women", "grandchildren"), "variety": 1, "size": (280, 1200)},
            4: {"size": (280, 1200), "queries": ("siblings", "men", "women", "grandchildren", "uncles", "carriers")},
            5: {"most": 16, "children": (2, 4), "married": 0.75, "size": (336, 1200),
                "queries": ("grandchildren", "uncles", "carriers", "carriers")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: PedigreeConfig) -> Item:
        query = rng.choice(config.queries)
        while True:
            root = _family(rng, config)
            people = {p.name: p for p in sorted(root.everybody(), key=lambda p: p.name)}
            if asked := _ASK[query](rng, people):
                break
        name, answer, steps = asked
        question = rng.choice(QUESTIONS[query]).format(a=name)
        description = Description("csv", csv.write(_rows(root)))
        self.claim(description, question)
        image, probes = _picture(rng, config, root)
        return Item(image, question, answer, description, "\n".join(steps), {"query": query, "name": name}, probes=probes)


@dataclass
class _Person:
    """genes: 0 to 2 alleles for the trait, shown when both; father, mother: None for those who come from outside."""

    name: str
    male: bool
    genes: int
    father: "_Person | None" = None
    mother: "_Person | None" = None

    @property
    def affected(self) -> bool:
        return self.genes == 2

    def parents(self) -> list["_Person"]:
        return [p for p in (self.father, self.mother) if p]


@dataclass
class _Unit:
    """Somebody with spouse and children, or alone."""

    person: _Person
    spouse: _Person | None = None
    children: list["_Unit"] = field(default_factory=list)

    def width(self) -> float:
        """Room taken, in places of one symbol."""
        return max(2.0 if self.spouse else 1.0, sum(child.width() for child in self.children))

    def everybody(self) -> list[_Person]:
        own = [self.person, *([self.spouse] if self.spouse else [])]
        return own + [person for child in self.children for person in child.everybody()]


def _family(rng: random.Random, config: PedigreeConfig) -> _Unit:
    """A couple with descendants, of at most `most` people; somebody shows the trait and most do not."""
    while True:
        # A family with more people than letters is too large anyway.
        names = chain(rng.sample(LETTERS, len(LETTERS)), repeat("?"))
        root = _unit(rng, config, names, _outsider(rng, names, rng.random() < 0.5), config.depth)
        people = root.everybody()
        affected = sum(person.affected for person in people)
        if len(people) <= config.most and 1 <= affected <= max(2, 0.6 * len(people)):
            return root


def _outsider(rng: random.Random, names: Iterator[str], male: bool) -> _Person:
    return _Person(next(names), male, rng.choice((0, 1, 1, 1, 2)))


def _unit(rng: random.Random, config: PedigreeConfig, names: Iterator[str], person: _Person, depth: int) -> _Unit:
    """A person's family down to `depth` generations; the first couple always has children."""
    if depth == 1 or (depth < config.depth and rng.random() >= config.married):
        return _Unit(person)
    unit = _Unit(person, _outsider(rng, names, not person.male))
    father, mother = (unit.person, unit.spouse) if person.male else (unit.spouse, unit.person)
    assert father and mother
    for _ in range(rng.randint(*config.children)):
        genes = _passed(rng, father) + _passed(rng, mother)
        child = _Person(next(names), rng.random() < 0.5, genes, father, mother)
        unit.children.append(_unit(rng, config, names, child, depth - 1))
    return unit


def _passed(rng: random.Random, parent: _Person) -> int:
    """1 where the parent hands down an allele for the trait (Mendel's first law)."""
    return int(rng.random() < parent.genes / 2)


def _rows(root: _Unit) -> csv.Rows:
    """One row a person, generation by generation, as they stand from left to right."""
    rows, row = [], [root]
    while row:
        for unit in row:
            for p in (unit.person, unit.spouse):
                if p:
                    kin = [parent.name if parent else "" for parent in (p.father, p.mother)]
                    rows.append((p.name, *kin, "m" if p.male else "f", "1" if p.affected else "0"))
        row = [child for unit in row for child in unit.children]
    return (("who", "father", "mother", "sex", "trait"), *rows)


Asked = tuple[str, str, list[str]]
"""the person asked about, answer, steps"""
People = dict[str, _Person]


def _couple(person: _Person) -> str:
    return "".join(parent.name for parent in person.parents())


def _parents(rng: random.Random, people: People) -> Asked:
    child = rng.choice([p for p in people.values() if p.father])
    answer = listed([p.name for p in child.parents()])
    return child.name, answer, [f"{child.name}: {answer}"]


def _siblings(rng: random.Random, people: People) -> Asked | None:
    child = rng.choice([p for p in people.values() if p.father])
    found = [p.name for p in people.values() if p is not child and p.father and p.father is child.father]
    return (child.name, listed(found), [f"{child.name}: {_couple(child)}", f"{_couple(child)}: {listed(found)}"]) if found else None


def _children(people: People, parent: _Person) -> list[_Person]:
    return [p for p in people.values() if parent in p.parents()]


def _grandchildren(rng: random.Random, people: People) -> Asked | None:
    old = [p for p in people.values() if any(_children(people, child) for child in _children(people, p))]
    if not old:
        return None
    person = rng.choice(old)
    lines, found = [f"{person.name}: {listed([c.name for c in _children(people, person)])}"], []
    for child in _children(people, person):
        names = [p.name for p in _children(people, child)]
        found += names
        lines.append(f"{child.name}: {listed(names) or 'none'}")
    return person.name, listed(found), [*lines, listed(found)]


def _affected(male: bool) -> Callable[[random.Random, People], Asked | None]:
    def ask(rng: random.Random, people: People) -> Asked | None:
        shown = [p for p in people.values() if p.affected]
        lines = [f"{p.name}: {'m' if p.male else 'f'}" for p in shown]
        answer = listed([p.name for p in shown if p.male == male])
        return ("", answer, [*lines, answer]) if answer else None

    return ask


def _uncles(rng: random.Random, people: People) -> Asked | None:
    lines: dict[str, list[str]] = {}
    answers: dict[str, list[str]] = {}
    for child in people.values():
        lines[child.name] = [f"{child.name}: {_couple(child)}"]
        answers[child.name] = []
        for parent in child.parents():
            kin = [p.name for p in people.values() if p is not parent and p.father and p.father is parent.father]
            answers[child.name] += kin
            lines[child.name].append(f"{parent.name}: {_couple(parent) or 'none'}, {listed(kin) or 'none'}")
    names = [name for name, found in answers.items() if found]
    if not names:
        return None
    name = rng.choice(names)
    return name, listed(answers[name]), [*lines[name], listed(answers[name])]


def _carriers(rng: random.Random, people: People) -> Asked | None:
    """Unaffected people with an affected parent or an affected child: Aa for sure."""
    found, lines = [], []
    for person in people.values():
        if person.affected:
            continue
        kin = [p.name for p in [*person.parents(), *_children(people, person)] if p.affected]
        if kin:
            found.append(person.name)
            lines.append(f"{person.name}: {kin[0]} affected")
    return ("", listed(found), [*lines, listed(found)]) if found else None


_ASK: dict[str, Callable[[random.Random, People], Asked | None]] = {
    "parents": _parents, "siblings": _siblings, "grandchildren": _grandchildren, "men": _affected(True), "women": _affected(False),
    "uncles": _uncles, "carriers": _carriers,
}  # fmt: skip


def _depth(unit: _Unit) -> int:
    return 1 + max((_depth(child) for child in unit.children), default=0)


def _picture(rng: random.Random, config: PedigreeConfig, root: _Unit) -> tuple[Any, tuple[Probe, ...]]:
    """The finished image, with a probe in each symbol."""
    wide, high = root.width(), _depth(root)
    aspect = min(2.2, max(0.8, wide / (1.35 * high)))
    canvas = Canvas(*picture_size(rng, config.size, (0.95 * aspect, 1.05 * aspect)), Style.sample(rng, config.variety, config.renderer))
    pitch = min(canvas.width / wide, canvas.height / (1.35 * high))
    tree = _Tree(rng, canvas, pitch, config.variety)
    tree.place(root, canvas.width / 2 - wide * pitch / 2, canvas.height / 2 - (1.35 * high / 2 - 0.5) * pitch)
    image = canvas.image(rng)
    return image, tree.probes(image)


class _Tree:
    """A family tree being drawn; pitch: the distance of two neighbours, pixels."""

    def __init__(self, rng: random.Random, canvas: Canvas, pitch: float, variety: int) -> None:
        self.canvas, self.pitch = canvas, pitch
        self.radius = pitch * (0.32 if variety == 0 else rng.uniform(0.27, 0.34))
        self.line = min(stroke(canvas), 0.12 * self.radius + 1)
        self.fill: RGB = canvas.style.ink
        if variety and rng.random() < 0.5:
            self.fill = canvas.style.colour(rng, rng.choice(("red", "blue", "green", "purple", "orange", "gray")))
        self.spots: list[tuple[XY, RGB]] = []

    def place(self, unit: _Unit, left: float, y: float) -> XY:
        """Draw a unit and all below it from `left` on; gives the place of its person."""
        middle = left + unit.width() * self.pitch / 2
        if not unit.spouse:
            self._symbol(unit.person, (middle, y))
            return middle, y
        ends = ((middle - self.pitch / 2, y), (middle + self.pitch / 2, y))
        self.canvas.line([ends[0], ends[1]], width=self.line)
        bar = y + 0.82 * self.pitch
        self.canvas.line([(middle, y), (middle, bar)], width=self.line)
        at = middle - sum(child.width() for child in unit.children) * self.pitch / 2
        tops = []
        for child in unit.children:
            tops.append(self._top(child, at))
            at += child.width() * self.pitch
        self.canvas.line([(min(middle, *tops, middle), bar), (max(middle, *tops, middle), bar)], width=self.line)
        at = middle - sum(child.width() for child in unit.children) * self.pitch / 2
        for child, top in zip(unit.children, tops, strict=True):
            self.canvas.line([(top, bar), (top, y + 1.35 * self.pitch)], width=self.line)
            self.place(child, at, y + 1.35 * self.pitch)
            at += child.width() * self.pitch
        self._symbol(unit.person, ends[0])
        self._symbol(unit.spouse, ends[1])
        return ends[0]

    def _top(self, unit: _Unit, left: float) -> float:
        """Where a unit's person, the left one of a couple, will stand."""
        return left + unit.width() * self.pitch / 2 - (self.pitch / 2 if unit.spouse else 0)

    def _symbol(self, person: _Person, centre: XY) -> None:
        (x, y), r, ink = centre, self.radius, self.canvas.style.ink
        fill = self.fill if person.affected else (255, 255, 255)
        if person.male:
            self.canvas.polygon([(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)], fill, ink, self.line)
        else:
            self.canvas.circle(centre, 1.08 * r, fill, ink, self.line)
        dark = person.affected and sum(fill) < 420
        self.canvas.text(centre, person.name, 1.25 * r, (255, 255, 255) if dark else (20, 20, 20))
        self.spots.append(((x - 0.74 * r, y), fill))

    def probes(self, image: Any) -> tuple[Probe, ...]:
        """One in each symbol."""
        return tuple(probe for spot, fill in self.spots for probe in on_line(image, [spot], fill))
