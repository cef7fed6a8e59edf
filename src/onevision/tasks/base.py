"""What every visual task is made of: an index in, a problem with its exact Description and worked steps out.

A task draws `Item`s. Everything random in an item comes from one generator keyed by a hash of
(task, version, split, seed, index), so neighbouring seeds and splits share nothing.
"""

import hashlib
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar

from PIL.Image import Image

from onevision.answers import grade
from onevision.errors import InputError, MissingPartError, unknown_name
from onevision.models.prompts import compose, messages_for
from onevision.tasks.canvas import Renderer
from onevision.types import Description, Message, Problem, Sample, Verdict

LEVELS = (1, 2, 3, 4, 5)
SPLITS = ("train", "validation", "test")
SHARES = (80, 10, 10)
"""The splits' shares of all (Description, question) pairs, in percent; see `Task.claim`."""
MOST_DRAWS = 1000
"""Draws after which a split is held to be empty."""
MOST_WORDINGS = 200
"""Wordings of one Description after which another one is drawn."""


@dataclass(frozen=True)
class Config:
    """What every task's difficulty has in common; a task's own Config adds its fields and `at(level)`.

    size: smallest and largest geometric mean of the picture's sides, pixels.
    variety: 0 plain (one font, white page), 1 a few fonts and colours, 2 everything.
    renderer: "own"; "svg" draws the same problems by resvg in fonts kept out of training, for what is out of style.
    """

    size: tuple[int, int] = (224, 1200)
    variety: int = 2
    renderer: Renderer = "own"


# `Task.Config` hides the class's own name inside Task.
BaseConfig = Config


@dataclass(frozen=True)
class Item:
    """One drawn problem. ask: the question's parameters, JSON-serialisable, enough to answer it from the Description.

    steps: worked lines that start from the Description and end in the answer.
    probes: (x, y, (r, g, b)) pixels, in the picture, that must show about that colour if the Description is true.
    """

    image: Image
    question: str
    answer: str
    description: Description
    steps: str
    ask: dict[str, Any]
    choices: tuple[str, ...] | None = None
    probes: tuple[tuple[int, int, tuple[int, int, int]], ...] = field(default=(), repr=False)


class Task:
    """A procedural visual problem. Subclasses give `name`, `Config` and `draw`; `task[i]` is `task.problem(i)`.

    A subclass that draws with optional modules, of the extra `tasks`, names them in `parts`; one that draws with several
    toolkits of its own says so in `renderers`.
    levels: drawn from evenly; repeat a level to weigh it. Further keywords override the level's Config fields,
    as in `Task(levels=(1, 2), size=(112, 168))`. Raises InputError on an unknown split, level or field, and
    MissingPartError when one of `parts` is not installed.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    parts: ClassVar[tuple[str, ...]] = ()
    renderers: ClassVar[tuple[Renderer, ...]] = ("own", "svg")
    places: ClassVar[bool] = False
    """Whether its Descriptions say where on the page things are."""
    Config: ClassVar[type[BaseConfig]] = BaseConfig

    def __init__(self, split: str = "train", seed: int = 0, levels: tuple[int, ...] = LEVELS, **overrides: Any) -> None:
        if split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        unknown = [level for level in levels if level not in LEVELS]
        if unknown or not levels:
            raise InputError(f"unknown level {unknown}: levels are {', '.join(map(str, LEVELS))}")
        if missing := [part for part in self.parts if not find_spec(part)]:
            raise MissingPartError(f"task {self.name} draws with {', '.join(missing)}: pip install 'onevision[tasks]'")
        self.split, self.seed, self.levels = split, seed, tuple(levels)
        self.configs = {level: self._configure(level, overrides) for level in set(levels)}

    def _configure(self, level: int, overrides: dict[str, Any]) -> BaseConfig:
        try:
            config = self.Config(**(self.level(level) | overrides))
        except TypeError as error:
            raise InputError(f"task {self.name}: {error}") from None
        if config.renderer not in self.renderers:
            raise InputError(f"task {self.name}: renderer is {config.renderer!r}; one of {', '.join(self.renderers)}")
        return config

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        """The Config fields of a difficulty level, 1 (easiest) to 5."""
        raise NotImplementedError

    def draw(self, rng: random.Random, config: Any) -> Item:
        """One item under the task's own Config; everything random comes from `rng`."""
        raise NotImplementedError

    def claim(self, description: Description, question: str) -> None:
        """Called by `draw` before it draws: goes no further when the pair belongs to another split.

        A hash of Description and question gives each pair to one split, so no split holds a problem of another, however
        few there are at an easy level; `draw` is then called anew with the same `rng`.
        """
        if not self._in_split(description.text, question):
            raise _OfAnotherSplit

    def claim_picture(self, image: Image) -> None:
        """Goes no further when the hash of its pixels gives the picture to another split: for tasks with so few pictures
        that two problems may share one. `draw` is then called anew."""
        if not self._in_split(image.size, hashlib.sha256(image.tobytes()).hexdigest()):
            raise _OfAnotherSplit

    def worded(self, description: Description, wording: Callable[[], str]) -> str:
        """As `claim`, for tasks with few Descriptions: tries one `wording()` after the other, so that the answers stay
        balanced in every split."""
        for _ in range(MOST_WORDINGS):
            if self._in_split(description.text, question := wording()):
                return question
        raise _OfAnotherSplit

    def _in_split(self, *parts: object) -> bool:
        place = keyed_seed("split", self.name, *parts) % sum(SHARES)
        before = sum(SHARES[: SPLITS.index(self.split)])
        return before <= place < before + SHARES[SPLITS.index(self.split)]

    def item(self, index: int) -> Item:
        """The item at an index (any integer ≥ 0): same version, split, seed and index, same bytes."""
        return self._draw(index)[0]

    def _draw(self, index: int) -> tuple[Item, int]:
        rng = random.Random(keyed_seed(self.name, self.version, self.split, self.seed, index))
        level = rng.choice(self.levels)
        for _ in range(MOST_DRAWS):
            with suppress(_OfAnotherSplit):
                return self.draw(rng, self.configs[level]), level
        raise InputError(f"task {self.name}: level {level} as configured has no problems in the {self.split} split")

    def sample(self, index: int) -> Sample:
        """The problem with its exact Description and the chat that teaches it."""
        item, level = self._draw(index)
        problem = self._problem(item, level, index)
        text = compose(item.description, item.steps, item.answer)
        messages: list[Message] = [
            *messages_for(problem.images, problem.question, problem.choices),
            {"role": "assistant", "content": text},
        ]
        return Sample(problem, item.description, messages, made_by=f"{self.name} v{self.version}")

    def problem(self, index: int) -> Problem:
        """The problem at an index; its meta has task, version, seed, index, level and ask."""
        item, level = self._draw(index)
        return self._problem(item, level, index)

    __getitem__ = problem

    def grade(self, text: str, problem: Problem) -> Verdict:
        """The common grader; a task with its own notion of right overrides this."""
        return grade(text, problem)

    def _problem(self, item: Item, level: int, index: int) -> Problem:
        where = {"task": self.name, "version": self.version, "seed": self.seed, "index": index, "level": level}
        return Problem(
            id=f"{self.name}-v{self.version}-{self.split}-{self.seed}-{index}",
            images=(item.image,),
            question=item.question,
            choices=item.choices,
            answer=item.answer,
            source=self.name,
            split=self.split,
            meta=where | {"ask": item.ask},
        )


class _OfAnotherSplit(Exception):
    """Ends a `draw` whose problem belongs to another split."""


def keyed_seed(*parts: object) -> int:
    """A 256-bit seed from the parts, unrelated for any two different ones (unlike seed + index)."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest())
