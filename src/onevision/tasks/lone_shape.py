"""One coloured shape on a page: what it is, which colour it has, whether one of a kind is there, or not there."""

import random
from dataclasses import dataclass
from typing import Any

from PIL import Image

from onevision.formal import scene
from onevision.formal.scene import GRID, SceneObject
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size, tint
from onevision.tasks.words import opened
from onevision.types import Description

SHAPES = ("circle", "rectangle", "triangle")
PALETTE = ("black", "gray", "red", "blue", "green", "yellow", "teal", "brown")
EASY_VQA_COLOURS: dict[str, RGB] = {
    "black": (0, 0, 0), "gray": (128, 128, 128), "red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 255, 0),
    "yellow": (255, 255, 0), "teal": (0, 128, 128), "brown": (165, 42, 42),
}  # fmt: skip

PRESENT = (
    "is there a {what}?",
    "is there a {what} in the image?",
    "does the image contain a {what}?",
    "is a {what} present?",
    "Can you see a {what} in the picture?",
    "Does the picture show a {what}? Answer with Yes/No.",
)
ABSENT = (
    "is there not a {what}?",
    "is there not a {what} in the image?",
    "does the image not contain a {what}?",
    "is no {what} present?",
    "Is a {what} missing from the picture?",
    "Is it true that the picture shows no {what}? Answer with Yes/No.",
)
SHAPE = (
    "what shape is in the image?",
    "what shape does the image contain?",
    "what shape is present?",
    "what is the {colour} shape?",
    "Which shape is drawn: a circle, a rectangle or a triangle?",
    "Name the {colour} shape.",
)
COLOUR = (
    "what color is the shape?",
    "what color is the {shape}?",
    "what is the color of the {shape}?",
    "what is the color of the shape?",
    "Which colour does the {shape} have?",
    "In which colour is the shape drawn?",
)


@dataclass(frozen=True)
class LoneShapeConfig(Config):
    """extent: a shape's width and its height, as a share of the picture's; easy_vqa: share of pictures drawn as easy-VQA
    draws them."""

    extent: tuple[float, float] = (0.15, 0.6)
    easy_vqa: float = 0.3


class LoneShape(Task):
    """A circle, rectangle or triangle in one of eight colours, anywhere on the page; asked in easy-VQA's words and in others."""

    name = "lone_shape"
    version = 2
    places = True
    Config = LoneShapeConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"extent": (0.25, 0.5), "easy_vqa": 0.5, "variety": 0, "size": (64, 224)},
            2: {"extent": (0.2, 0.5), "easy_vqa": 0.4, "variety": 1, "size": (64, 448)},
            3: {"variety": 1, "size": (64, 448)},
            4: {"size": (64, 700)},
            5: {"extent": (0.08, 0.3), "easy_vqa": 0.0, "size": (224, 1200)},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: LoneShapeConfig) -> Item:
        easy = rng.random() < config.easy_vqa
        colour, shape = rng.choice(PALETTE), rng.choice(SHAPES)
        width, height = picture_size(rng, config.size, (1, 1) if easy else (0.75, 1.33))
        wide, high = _extent(rng, config, shape, width, height)
        x, y = rng.uniform(wide / 2, width - wide / 2), rng.uniform(high / 2, height - high / 2)
        there = SceneObject(colour, shape, int(GRID * x / width), int(GRID * y / height))
        description = Description("scene", scene.write((there,)))
        wordings, answer, ask, steps = rng.choice(QUERIES)(rng, there)
        question = self.worded(description, lambda: opened(rng, rng.choice(wordings)))
        image, fill = _picture(rng, config, easy, (width, height), there, (x, y), (wide, high))
        return Item(image, question, answer, description, steps, ask, probes=((int(x), int(y), fill),))


def _extent(rng: random.Random, config: LoneShapeConfig, shape: str, width: int, height: int) -> XY:
    """In pixels: a circle and a triangle are as wide as high."""
    wide, high = (rng.uniform(*config.extent) * min(width, height) for _ in range(2))
    return (wide, high) if shape == "rectangle" else (wide, wide)


def _picture(rng: random.Random, config: LoneShapeConfig, easy: bool, size: tuple[int, int], there: SceneObject,
             centre: XY, extent: XY) -> tuple[Image.Image, RGB]:  # fmt: skip
    style = Style(page=tint(rng, 228)).drawn_by(config.renderer) if easy else Style.sample(rng, config.variety, config.renderer)
    canvas = Canvas(*size, style)
    fill = EASY_VQA_COLOURS[there.colour] if easy else style.colour(rng, there.colour)
    (x, y), (a, b) = centre, (extent[0] / 2, extent[1] / 2)
    if there.shape == "circle":
        canvas.circle(centre, a, fill)
    elif there.shape == "rectangle":
        canvas.polygon([(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)], fill)
    else:
        canvas.polygon([(x, y - b), (x + a, y + b), (x - a, y + b)], fill)
    return canvas.image(rng), fill


Asked = tuple[tuple[str, ...], str, dict[str, Any], str]
"""wordings, answer, ask, steps"""


def _presence(rng: random.Random, there: SceneObject) -> Asked:
    """Of a colour, a shape or both; where it is not there, only one of the two differs."""
    found = rng.random() < 0.5
    form = rng.choice(("colour", "colour", "shape", "both"))
    colour, shape = there.colour, there.shape
    if not found and (form == "colour" or (form == "both" and rng.random() < 0.5)):
        colour = rng.choice([other for other in PALETTE if other != colour])
    elif not found:
        shape = rng.choice([other for other in SHAPES if other != shape])
    kind = (colour if form != "shape" else None, shape if form != "colour" else None)
    what = " ".join(word for word in (kind[0], kind[1] or "shape") if word)
    seen = " ".join(word for word, asked in zip((there.colour, there.shape), kind, strict=True) if asked)
    negated = rng.random() < 0.5
    steps = compared(seen, " ".join(filter(None, kind)), what if negated else None)
    answer = "Yes" if found != negated else "No"
    wordings = tuple(wording.format(what=what) for wording in (ABSENT if negated else PRESENT))
    return wordings, answer, {"query": "absent" if negated else "present", "kind": kind}, steps


def compared(seen: str, asked: str, denied: str | None = None) -> str:
    """The steps to whether what is seen is what was asked for. denied: what a negated question says is not there."""
    found = seen == asked
    steps = f"seen {seen}, asked {asked}: {'yes' if found else 'no'}"
    return steps if denied is None else f"{steps}\nno {denied}? {'no' if found else 'yes'}"


def _shape(rng: random.Random, there: SceneObject) -> Asked:
    wordings = tuple(wording.format(colour=there.colour) for wording in SHAPE)
    return wordings, there.shape, {"query": "shape"}, f"shape: {there.shape}"


def _colour(rng: random.Random, there: SceneObject) -> Asked:
    wordings = tuple(wording.format(shape=there.shape) for wording in COLOUR)
    return wordings, there.colour, {"query": "colour"}, f"colour: {there.colour}"


QUERIES = (_presence, _presence, _presence, _shape, _colour)
"""The kinds of question, by how often each is asked."""
