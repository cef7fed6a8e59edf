"""Food webs: who eats whom, who is eaten by none, and what happens when one of them is gone."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from onevision.formal import mermaid
from onevision.formal.mermaid import Edge, Flow
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.strokes import WHITE, Probe, between, em_to_fit, mixed, on_line
from onevision.tasks.terms import listed
from onevision.types import Description

QUESTIONS = {
    "eaters": (
        "Which animals eat the {a}?",
        "What is the {a} eaten by?",
        "Name all that feed on the {a}.",
        "For which animals is the {a} food?",
        "To whom do the arrows lead from the {a}?",
    ),
    "food": (
        "What does the {a} eat?",
        "On what does the {a} feed?",
        "Name everything that the {a} eats.",
        "Which living things are food for the {a}?",
        "What is the prey or food of the {a}?",
    ),
    "top": (
        "Which animals are eaten by no other one?",
        "Name the top predators of this food web.",
        "Who has no enemies in this web?",
        "From which animals does no arrow lead away?",
        "List the animals at the ends of all food chains.",
    ),
    "shared": (
        "Which animals eat both the {a} and the {b}?",
        "Who feeds on the {a} as well as on the {b}?",
        "Name the animals for which both {a} and {b} are food.",
        "What eats the {a} and also the {b}?",
        "Which animals do the {a} and the {b} both have as eaters?",
    ),
    "starve": (
        "If the {a} died out, which animals would lose their only food?",
        "Which animals eat nothing but the {a}?",
        "Without the {a}, which animals would have nothing to eat?",
        "Name the animals whose whole food is the {a}.",
        "For which animals is the {a} the only food?",
    ),
    "second": (
        "Which animals eat something that eats the {a}?",
        "Name all that feed on an eater of the {a}.",
        "Follow two arrows from the {a}. Which animals can be reached?",
        "Which animals have an eater of the {a} among their food?",
        "Who eats the animals that eat the {a}?",
    ),
}
LAYERS = (
    tuple("grass clover oak algae reed moss wheat berries kelp lily fern corn nettle thistle".split()),
    tuple("rabbit mouse snail deer beetle aphid tadpole cricket vole squirrel caterpillar slug goose bee hare moth".split()),
    tuple("frog robin spider hedgehog shrew mole lizard ladybird duck trout bat newt swallow toad perch crab".split()),
    tuple("fox owl hawk heron pike snake badger eagle otter weasel stork lynx wolf mink buzzard kestrel".split()),
)
"""What occurs at each height of a web, plants first."""


@dataclass(frozen=True)
class FoodWebConfig(Config):
    """layers: heights that occur; kinds: fewest and most in one; links: most arrows to one eater; skips: how often an eater
    also feeds two layers below; queries: of QUESTIONS, repeated to weigh."""

    layers: tuple[int, int] = (3, 4)
    kinds: tuple[int, int] = (2, 3)
    links: int = 2
    skips: float = 0.2
    queries: tuple[str, ...] = ("eaters", "food", "top", "starve")


class FoodWeb(Task):
    """Living things with arrows from food to eater; the Description is the web as a flow chart."""

    name = "food_web"
    version = 2
    Config = FoodWebConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"layers": (3, 3), "kinds": (1, 3), "skips": 0.0, "queries": ("eaters", "food"), "variety": 0, "size": (280, 448)},
            2: {"layers": (3, 3), "kinds": (2, 3), "skips": 0.0, "queries": ("eaters", "food", "top"), "variety": 1, "size": (280, 600)},
            3: {"variety": 1, "layers": (3, 3), "kinds": (2, 3), "size": (280, 1200)},
            4: {"queries": ("eaters", "food", "shared", "starve", "second"), "size": (336, 1200)},
            5: {"layers": (4, 4), "kinds": (2, 4), "links": 3, "skips": 0.3, "queries": ("food", "shared", "starve", "second", "top"),
                "size": (336, 1200)},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: FoodWebConfig) -> Item:
        query = rng.choice(config.queries)
        while True:
            web = _web(rng, config)
            if asked := _ask(rng, query, web):
                break
        names, answer, steps = asked
        question = rng.choice(QUESTIONS[query]).format(**dict(zip("ab", names, strict=False)))
        description = Description("mermaid", mermaid.write(_flow(web)))
        self.claim(description, question)
        picture = _Picture(rng, config, web)
        probes = picture.draw(rng)
        return Item(picture.image, question, answer, description, steps, {"query": query, "names": names}, probes=probes)


@dataclass(frozen=True)
class _Web:
    """layers: what lives at each height; places: name -> centre, both axes 0 to 1, y down; links: (food, eater)."""

    layers: tuple[tuple[str, ...], ...]
    places: dict[str, XY]
    links: tuple[tuple[str, str], ...]

    def food(self, eater: str) -> list[str]:
        return sorted(a for a, b in self.links if b == eater)

    def eaters(self, food: str) -> list[str]:
        return sorted(b for a, b in self.links if a == food)


def _web(rng: random.Random, config: FoodWebConfig) -> _Web:
    """Every animal eats something of the layer below, and all but the highest are eaten."""
    height = rng.randint(*config.layers)
    chosen = (LAYERS[0], LAYERS[1], LAYERS[3]) if height == 3 and rng.random() < 0.5 else LAYERS[:height]
    layers = [tuple(rng.sample(names, rng.randint(*config.kinds))) for names in chosen]
    places = {name: _place(rng, k, height, j, len(names)) for k, names in enumerate(layers) for j, name in enumerate(names)}
    links: list[tuple[str, str]] = []
    for below, above in pairwise(layers):
        links += [(food, eater) for eater in above for food in rng.sample(below, min(len(below), rng.randint(1, config.links)))]
        links += [(food, rng.choice(above)) for food in below if food not in {a for a, _ in links}]
    for k in range(2, height):
        for eater in layers[k]:
            free = [food for food in layers[k - 2] if _clear(places, food, eater)]
            if free and rng.random() < config.skips:
                links.append((rng.choice(free), eater))
    return _Web(tuple(layers), places, tuple(links))


def _place(rng: random.Random, k: int, height: int, j: int, count: int) -> XY:
    """The centre of the j-th of a layer's names; layers stand one above the other, plants at the bottom."""
    x = (j + 0.5 + rng.uniform(-0.16, 0.16)) / count
    return min(max(x, 0.13), 0.87), 1 - (k + 0.5 + rng.uniform(-0.06, 0.06)) / height


def _clear(places: dict[str, XY], food: str, eater: str) -> bool:
    """Whether a straight arrow passes no third name closely."""
    for name, (x, y) in places.items():
        if name not in (food, eater):
            course = [between(places[food], places[eater], k / 20) for k in range(1, 20)]
            if any(abs(u - x) < 0.16 and abs(v - y) < 0.09 for u, v in course):
                return False
    return True


def _flow(web: _Web) -> Flow:
    """The web with letters as ids, by layer from the plants, left to right."""
    names = [name for layer in web.layers for name in sorted(layer, key=lambda n: web.places[n])]
    ids = {name: chr(ord("a") + k) for k, name in enumerate(names)}
    edges = sorted((Edge(ids[a], "", ids[b]) for a, b in web.links), key=lambda e: (e.source, e.target))
    return Flow(tuple((ids[name], name) for name in names), tuple(edges))


Asked = tuple[list[str], str, str]
"""names in the question, answer, steps"""


def _ask(rng: random.Random, query: str, web: _Web) -> Asked | None:
    return _ASK[query](rng, web)


def _eaters(rng: random.Random, web: _Web) -> Asked:
    a = rng.choice([name for layer in web.layers[:-1] for name in layer])
    found = web.eaters(a)
    return [a], listed(found), "\n".join([f"{a} -> {b}" for b in found] + [listed(found)])


def _food(rng: random.Random, web: _Web) -> Asked:
    a = rng.choice([name for layer in web.layers[1:] for name in layer])
    found = web.food(a)
    return [a], listed(found), "\n".join([f"{b} -> {a}" for b in found] + [listed(found)])


def _top(rng: random.Random, web: _Web) -> Asked:
    lines = [f"{name}: {listed(web.eaters(name)) or 'none'}" for layer in web.layers[1:] for name in sorted(layer)]
    found = [name for layer in web.layers[1:] for name in layer if not web.eaters(name)]
    return [], listed(found), "\n".join([*lines, f"eaten by none: {listed(found)}"])


def _shared(rng: random.Random, web: _Web) -> Asked | None:
    pairs = [(a, b) for a in web.places for b in web.places if a < b and set(web.eaters(a)) & set(web.eaters(b))]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    found = sorted(set(web.eaters(a)) & set(web.eaters(b)))
    lines = [f"{name}: {listed(web.eaters(name))}" for name in (a, b)]
    return [a, b], listed(found), "\n".join([*lines, f"both: {listed(found)}"])


def _starve(rng: random.Random, web: _Web) -> Asked | None:
    sole = {a: [b for b in web.eaters(a) if web.food(b) == [a]] for a in web.places}
    names = [a for a, hungry in sole.items() if hungry]
    if not names:
        return None
    a = rng.choice(names)
    lines = [f"{b} eats {listed(web.food(b))}" for b in web.eaters(a)]
    return [a], listed(sole[a]), "\n".join([*lines, f"only {a}: {listed(sole[a])}"])


def _second(rng: random.Random, web: _Web) -> Asked | None:
    a = rng.choice([name for layer in web.layers[:-2] for name in layer])
    lines = [f"{a} -> {b} -> {listed(web.eaters(b)) or 'none'}" for b in web.eaters(a)]
    found = sorted({c for b in web.eaters(a) for c in web.eaters(b)})
    return ([a], listed(found), "\n".join([*lines, listed(found)])) if found else None


_ASK: dict[str, Callable[[random.Random, _Web], Asked | None]] = {
    "eaters": _eaters, "food": _food, "top": _top, "shared": _shared, "starve": _starve, "second": _second,
}  # fmt: skip


class _Picture:
    """Names in boxes or ellipses with arrows between them."""

    def __init__(self, rng: random.Random, config: FoodWebConfig, web: _Web) -> None:
        self.web = web
        self.canvas = canvas = Canvas(*picture_size(rng, config.size, (0.9, 1.4)), Style.sample(rng, config.variety, config.renderer))
        columns = max(map(len, web.layers))
        room = 0.86 * canvas.width / max(columns, 2.4)
        self.em = min(em_to_fit(canvas, list(web.places), 0.86 * room), 0.3 * canvas.height / len(web.layers), 0.062 * canvas.width)
        self.line = max(1.2, min(canvas.line_width, 0.12 * self.em))
        self.round = config.variety > 0 and rng.random() < 0.4
        self.margin = 0.8 if self.round else 0.65
        self.framed = config.variety == 0 or rng.random() < 0.7
        hues = rng.sample(("green", "yellow", "orange", "red", "cyan", "pink"), len(web.layers))
        tinted = rng.random() < 0.7
        self.fills = [mixed(canvas.style.colour(rng, hue), WHITE, 0.67 if tinted else 1.0) for hue in hues]
        self.places = {name: (self._within(name, x * canvas.width), y * canvas.height) for name, (x, y) in web.places.items()}

    def draw(self, rng: random.Random) -> tuple[Probe, ...]:
        """Arrows, then names; the probes lie in the left ends of the names' fields. `image` is the picture then."""
        for food, eater in self.web.links:
            start, end = self.places[food], self.places[eater]
            a, b = self._edge(food, start, end), self._edge(eater, end, start)
            self.canvas.arrow(a, b, width=self.line, head=0.62 * self.em)
        spots: list[tuple[XY, RGB]] = []
        for layer, fill in zip(self.web.layers, self.fills, strict=True):
            for name in layer:
                self._field(name, fill)
                (x, y), (wide, _) = self.places[name], self._half(name)
                spots.append(((x - wide + 0.5 * self.margin * self.em, y), fill))
        self.image = self.canvas.image(rng)
        return tuple(probe for spot, fill in spots for probe in on_line(self.image, [spot], fill))

    def _within(self, name: str, x: float) -> float:
        """x, or the nearest to it with which the name's field is on the page."""
        wide = self._half(name)[0] + self.line + 1
        return min(max(x, wide), self.canvas.width - wide)

    def _half(self, name: str) -> tuple[float, float]:
        """Half the width and height of a name's field."""
        return self.canvas.text_width(name, self.em) / 2 + self.margin * self.em, 0.85 * self.em

    def _edge(self, name: str, start: XY, end: XY) -> XY:
        """Where the line from start, the middle of a name's field, to end leaves the field, and a little further."""
        wide, high = self._half(name)
        dx, dy = end[0] - start[0], end[1] - start[1]
        box = min(wide / max(abs(dx), 1e-6), high / max(abs(dy), 1e-6))
        share = 1 / math.hypot(dx / wide, dy / high) if self.round else box
        return between(start, end, min(share * 1.06, 0.45))

    def _field(self, name: str, fill: RGB) -> None:
        (x, y), (wide, high) = self.places[name], self._half(name)
        outline = self.canvas.style.ink if self.framed else None
        if self.round:
            self.canvas.ellipse((x, y), wide, high, fill, outline, self.line)
        else:
            self.canvas.polygon(
                [(x - wide, y - high), (x + wide, y - high), (x + wide, y + high), (x - wide, y + high)], fill, outline, self.line
            )
        self.canvas.text((x, y), name, self.em, (20, 20, 20))
