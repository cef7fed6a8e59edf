"""Coloured shapes on a page: count them, compare counts, say whether one exists, or where one is from another."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onevision.formal import scene
from onevision.formal.scene import SceneObject
from onevision.tasks import walks
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size, regular_polygon
from onevision.types import Description

GRID = 5
SHAPES = ("circle", "square", "triangle", "star", "diamond", "cross")
PALETTE = ("red", "green", "blue", "yellow", "purple", "orange", "pink", "black")

COUNT = (
    "How many {what} are there?",
    "Count the {what}.",
    "How many {what} do you see in the image?",
    "What is the number of {what} in the picture?",
    "How many {what} are in the image? Answer with only the number in numerical format.",
    "Find the total number of {what}.",
)
EXISTS = (
    "Is there a {what}?",
    "Is there a {what} in the image? Answer with Yes/No.",
    "Can you see a {what} in the picture?",
    "Does the picture show a {what}?",
    "Does the image contain a {what}? Answer yes or no.",
)
COMPARE = (
    "Are there more {a} than {b}?",
    "Does the picture show more {a} than {b}? Answer yes or no.",
    "Is the number of {a} greater than the number of {b}?",
    "Do the {a} outnumber the {b}?",
    "Are the {a} more numerous than the {b}? Answer with Yes/No.",
)
RELATE = (
    "Is the {a} {relation} the {b}?",
    "Is the {a} {relation} the {b}? Answer with Yes/No.",
    "Look at the picture: is the {a} {relation} the {b}?",
    "In the image, is the {a} {relation} the {b}?",
    "Can the {a} be found {relation} the {b}? Answer yes or no.",
)
RELATIONS = ("left of", "right of", "above", "below")


@dataclass(frozen=True)
class SceneConfig(Config):
    """objects: fewest and most shapes; colours, shapes: how many of PALETTE and SHAPES occur."""

    objects: tuple[int, int] = (2, 8)
    colours: int = 8
    shapes: int = 6


class Scene(Task):
    """Shapes of several colours, each in its own cell of a 5×5 grid that covers the page."""

    name = "scene"
    version = 3
    places = True
    Config = SceneConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"objects": (1, 4), "colours": 4, "shapes": 3, "variety": 0, "size": (224, 448)},
            2: {"objects": (2, 6), "colours": 6, "shapes": 4, "variety": 1, "size": (224, 448)},
            3: {"objects": (2, 8), "variety": 1, "size": (224, 700)},
            4: {"objects": (4, 10)},
            5: {"objects": (6, 14)},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: SceneConfig) -> Item:
        objects = _place(rng, config)
        question, answer, ask, steps = rng.choice(QUERIES)(rng, objects, config)
        description = Description("scene", scene.write(objects))
        self.claim(description, question)
        canvas = Canvas(*picture_size(rng, config.size), Style.sample(rng, config.variety, config.renderer))
        probes = tuple(_draw_object(rng, canvas, o) for o in objects)
        return Item(canvas.image(rng), question, answer, description, steps, ask, probes=probes)


def _place(rng: random.Random, config: SceneConfig) -> tuple[SceneObject, ...]:
    cells = sorted(rng.sample(range(GRID * GRID), rng.randint(*config.objects)))
    # A few kinds occur often, so that counts above one are common.
    kinds = [(rng.choice(PALETTE[: config.colours]), rng.choice(SHAPES[: config.shapes])) for _ in range(max(2, len(cells) * 2 // 3))]
    return tuple(SceneObject(*rng.choice(kinds), cell % GRID, cell // GRID) for cell in cells)


def _draw_object(rng: random.Random, canvas: Canvas, o: SceneObject) -> tuple[int, int, RGB]:
    wide, high = canvas.width / GRID, canvas.height / GRID
    radius = min(wide, high) * rng.uniform(0.3, 0.46)
    # The centre may wander as far as the whole shape stays in its cell.
    x = (o.column + 0.5) * wide + rng.uniform(-1, 1) * max(0, wide / 2 - radius)
    y = (o.row + 0.5) * high + rng.uniform(-1, 1) * max(0, high / 2 - radius)
    fill = canvas.style.colour(rng, o.colour)
    outline = canvas.style.ink if canvas.style.shift and rng.random() < 0.3 else None
    _SHAPE[o.shape](canvas, x, y, radius, fill, outline)
    return int(x), int(y), fill


def _polygon(corners: int, turn: float, dent: float = 1.0) -> Callable[..., None]:
    """A filled regular polygon, every second corner pulled in to `dent` of the radius (a star)."""

    def draw(canvas: Canvas, x: float, y: float, radius: float, fill: RGB, outline: RGB | None) -> None:
        points = regular_polygon((x, y), radius, corners, turn)
        for k in range(1, corners, 2) if dent < 1 else ():
            points[k] = (x + (points[k][0] - x) * dent, y + (points[k][1] - y) * dent)
        canvas.polygon(points, fill, outline)

    return draw


def _circle(canvas: Canvas, x: float, y: float, radius: float, fill: RGB, outline: RGB | None) -> None:
    canvas.circle((x, y), radius * 0.9, fill, outline)


def _cross(canvas: Canvas, x: float, y: float, radius: float, fill: RGB, outline: RGB | None) -> None:
    a, b = radius * 0.95, radius * 0.33
    corners = [(-b, -a), (b, -a), (b, -b), (a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b), (-a, -b), (-b, -b)]
    canvas.polygon([(x + dx, y + dy) for dx, dy in corners], fill, outline)


_UP, _FLAT = -1.5707963, -0.7853982
_SHAPE: dict[str, Callable[..., None]] = {
    "circle": _circle,
    "square": _polygon(4, _FLAT),
    "triangle": _polygon(3, _UP),
    "star": _polygon(10, _UP, dent=0.42),
    "diamond": _polygon(4, _UP),
    "cross": _cross,
}

Asked = tuple[str, str, dict[str, Any], str]
"""question, answer, ask, steps"""
Kind = tuple[str | None, str | None]
"""A colour, a shape or both; None for any."""


def _plural(shape: str) -> str:
    return "crosses" if shape == "cross" else f"{shape}s"


def _named(kind: Kind, plural: bool = True) -> str:
    colour, shape = kind
    noun = (_plural(shape) if plural else shape) if shape else ("objects" if plural else "object")
    return f"{colour} {noun}" if colour else noun


def _kinds(rng: random.Random, objects: tuple[SceneObject, ...], config: SceneConfig) -> tuple[Kind, Kind]:
    """Two kinds, mostly of objects that are there; both colours, both shapes or both of them, so that neither holds the other."""
    form = rng.choice((0, 1, 2))
    found = []
    for o in rng.choices(objects, k=2):
        colour, shape = o.colour, o.shape
        if rng.random() < 0.2:
            colour, shape = rng.choice(PALETTE[: config.colours]), rng.choice(SHAPES[: config.shapes])
        found.append(((colour, shape), (colour, None), (None, shape))[form])
    return found[0], found[1]


def _matching(objects: tuple[SceneObject, ...], kind: Kind) -> list[SceneObject]:
    return [o for o in objects if kind[0] in (None, o.colour) and kind[1] in (None, o.shape)]


def _lines(objects: tuple[SceneObject, ...]) -> dict[str, str]:
    """The Description's lines, to the names of the objects on them."""
    return {scene.write((o,)): f"{o.colour} {o.shape}" for o in objects}


def _counted(objects: tuple[SceneObject, ...], kind: Kind) -> str:
    """Every object against the kind asked for."""
    matching = _matching(objects, kind)
    walk = walks.count([(scene.write((o,)), o in matching) for o in objects], f"= {_named(kind, plural=False)}")
    return f"{walk}\n{_named(kind)}: {len(matching)}"


def _count(rng: random.Random, objects: tuple[SceneObject, ...], config: SceneConfig) -> Asked:
    # The number first, then what is there that often, or the question alone would tell much of the answer.
    colours, shapes = (sorted({getattr(o, side) for o in objects}) for side in ("colour", "shape"))
    kinds = [(c, s) for c in (*colours, None) for s in (*shapes, None) if c or s]
    number = rng.choice(sorted({len(_matching(objects, kind)) for kind in kinds}))
    kind = rng.choice([kind for kind in kinds if len(_matching(objects, kind)) == number])
    answer = str(number)
    return rng.choice(COUNT).format(what=_named(kind)), answer, {"query": "count", "kinds": [kind]}, _counted(objects, kind)


def _exists(rng: random.Random, objects: tuple[SceneObject, ...], config: SceneConfig) -> Asked:
    there = {(o.colour, o.shape) for o in objects}
    # Absent kinds share a colour or a shape with what is there, so that both must be looked at.
    absent = sorted((a.colour, b.shape) for a in objects for b in objects if (a.colour, b.shape) not in there)
    absent = absent or [(c, s) for c in PALETTE[: config.colours] for s in SHAPES[: config.shapes] if (c, s) not in there]
    kind = rng.choice(sorted(there)) if rng.random() < 0.5 else rng.choice(absent)
    answer = "Yes" if kind in there else "No"
    question = rng.choice(EXISTS).format(what=_named(kind, plural=False)).replace("a orange", "an orange")
    return question, answer, {"query": "exists", "kinds": [kind]}, _counted(objects, kind)


def _compare(rng: random.Random, objects: tuple[SceneObject, ...], config: SceneConfig) -> Asked:
    wanted = rng.random() < 0.5
    for _ in range(30):
        a, b = _kinds(rng, objects, config)
        more = len(_matching(objects, a)) > len(_matching(objects, b))
        if a != b and more == wanted:
            break
    else:
        return _count(rng, objects, config)
    steps = f"{_counted(objects, a)}\n{_counted(objects, b)}\n"
    steps += f"{len(_matching(objects, a))} {'>' if more else 'is not >'} {len(_matching(objects, b))}"
    question = rng.choice(COMPARE).format(a=_named(a), b=_named(b))
    return question, "Yes" if more else "No", {"query": "compare", "kinds": [a, b]}, steps


def _relate(rng: random.Random, objects: tuple[SceneObject, ...], config: SceneConfig) -> Asked:
    kinds = [(o.colour, o.shape) for o in objects]
    single = [o for o in objects if kinds.count((o.colour, o.shape)) == 1]
    relation = rng.choice(RELATIONS)
    side = "column" if relation in ("left of", "right of") else "row"
    pairs = [(a, b) for a in single for b in single if getattr(a, side) != getattr(b, side)]
    if not pairs:
        return _exists(rng, objects, config)
    a, b = rng.choice(pairs)
    first, second = getattr(a, side), getattr(b, side)
    holds = first < second if relation in ("left of", "above") else first > second
    names = [f"{o.colour} {o.shape}" for o in (a, b)]
    ask = {"query": "relate", "kinds": [(o.colour, o.shape) for o in (a, b)], "relation": relation}
    found = [f"{walks.find(_lines(objects), name)}\n{name}: {side} {place}" for name, place in zip(names, (first, second), strict=True)]
    steps = "\n".join([*found, f"{first} {'<' if first < second else '>'} {second}"])
    question = rng.choice(RELATE).format(a=names[0], b=names[1], relation=relation)
    return question, "Yes" if holds else "No", ask, steps


QUERIES = (_count, _exists, _exists, _compare, _relate, _relate)
"""The kinds of question, by how often each is asked."""
