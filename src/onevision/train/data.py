"""What is learnt from, update by update: tasks drawn on the fly, data sets shuffled anew each epoch, or both.

Sample number n is a pure function of the recipe's seed, n, and (for tasks) of the curriculum as it was LAG updates
earlier. So a run that goes on, more workers or more processes see the same samples in the same order.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from onevision import tasks
from onevision.errors import InputError
from onevision.models.prompts import compose, fenced, messages_for, parse
from onevision.sources import Dataset, open_dataset
from onevision.tasks.base import LEVELS, Task, keyed_seed
from onevision.train.augment import augment
from onevision.train.curriculum import Curriculum, Ladder
from onevision.train.encode import BLANK, IGNORE, Encoded, Features, Limits, collate, encode
from onevision.train.recipe import Recipe, SFTRecipe
from onevision.types import Sample

HOPELESS = 32
"""So many samples or prompts, and not one that can be used, and a run is given up."""


class Corpus:
    """The recipe's data sets as one, divided once and for all into rows to learn from and rows held out."""

    def __init__(self, recipe: Recipe) -> None:
        self.seed = recipe.seed
        self.parts: list[Dataset] = [open_dataset(name, recipe.dataset_dir) for name in recipe.dataset]
        self.ends = list(accumulate(min(len(part), recipe.max_samples or len(part)) for part in self.parts))
        rows = self.ends[-1] if self.ends else 0
        held = round(recipe.val_size * rows) if recipe.val_size < 1 else int(recipe.val_size)
        if rows and held >= rows:
            raise InputError(f"val_size {recipe.val_size} leaves nothing to learn from: the data sets have {rows} rows")
        shuffled = np.random.default_rng(keyed_seed("held out", self.seed)).permutation(rows)
        self.held, self.rows = shuffled[:held], np.sort(shuffled[held:])

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, place: int) -> int:
        """The row at a place in the endless sequence of epochs, each in an order of its own."""
        epoch, place = divmod(place, len(self.rows))
        return int(self.rows[_order(self.seed, epoch, len(self.rows))[place]])

    def sample(self, row: int) -> Sample:
        """A row as a Sample. Raises InputError for one that cannot be read."""
        part = bisect_right(self.ends, row)
        return self.parts[part][row - (self.ends[part - 1] if part else 0)]


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, rows: int) -> Any:
    return np.random.default_rng(keyed_seed("epoch", seed, epoch)).permutation(rows)


class Draws:
    """Sample number n, for training or for evaluation."""

    def __init__(self, recipe: SFTRecipe, corpus: Corpus, held_out: bool = False) -> None:
        self.recipe, self.corpus, self.held_out = recipe, corpus, held_out
        weights = sum(recipe.tasks.values())
        self.share = recipe.dataset_weight / (recipe.dataset_weight + weights) if len(corpus) else 0.0

    def __call__(self, number: int, ladder: Ladder | None) -> tuple[str, Sample]:
        """(name of its task, or "" for one in words or a row of a data set; the Sample).

        Raises InputError for a row that cannot be read.
        """
        name, sample = self._draw(number, ladder)
        return name, sample if self.recipe.thought == "described" else with_thought(sample, self.recipe.thought)

    def _draw(self, number: int, ladder: Ladder | None) -> tuple[str, Sample]:
        place = int(number * self.share)
        if int((number + 1) * self.share) > place:
            return "", self.corpus.sample(int(self.corpus.held[place]) if self.held_out else self.corpus.row(place))
        rng = random.Random(keyed_seed("sft", self.recipe.seed, number))
        name, level, size = ladder.choose(rng) if ladder else self._any(rng)
        if self.held_out:
            return name, _task(name, "validation", self.recipe.seed, level, size).sample(number)
        if rng.random() < self.recipe.described:
            # A hard Description reads no worse than an easy one; nobody sees the picture, so it may be small.
            return "", in_words(_task(name, "train", self.recipe.seed, rng.choice(LEVELS), (112, 168)).sample(number))
        task = _task(name, "train", self.recipe.seed, level, size)
        sample = task.sample(number)
        return name, augmented(sample, rng, task.places) if rng.random() < self.recipe.augment else sample

    def _any(self, rng: random.Random) -> tuple[str, int, tuple[int, int]]:
        low, high = rng.choice(self.recipe.sizes)
        return rng.choices(list(self.recipe.tasks), list(self.recipe.tasks.values()))[0], rng.choice(self.recipe.levels), (low, high)


def in_words(sample: Sample) -> Sample:
    """The sample with its Description after the question in place of the pictures; the answer still writes it down first,
    and so practises copying before it looks things up."""
    problem = replace(sample.problem, images=())
    prompt = messages_for((), f"{problem.question}\n{fenced(sample.description)}", problem.choices)
    return replace(sample, problem=problem, messages=[*prompt, sample.messages[-1]])


def augmented(sample: Sample, rng: random.Random, places: bool) -> Sample:
    """The sample with its pictures as people meet them; places: as for `augment`."""
    problem = replace(sample.problem, images=tuple(augment(image, rng, places) for image in sample.problem.images))
    return replace(
        sample, problem=problem, messages=[*messages_for(problem.images, problem.question, problem.choices), sample.messages[-1]]
    )


def with_thought(sample: Sample, thought: str) -> Sample:
    """The sample with its steps alone as thought ("steps"), or with none; one whose reply has no answer stays as it is."""
    *before, last = sample.messages
    said = parse(str(last["content"]))
    if said.answer is None:
        return sample
    return replace(sample, messages=[*before, {**last, "content": compose(None, said.steps if thought == "steps" else "", said.answer)}])


@lru_cache(maxsize=512)
def _task(name: str, split: str, seed: int, level: int, size: tuple[int, int]) -> Task:
    return tasks.make(name, split=split, seed=seed, levels=(level,), size=size)


@dataclass
class Update:
    """What one process learns from in one optimizer update. rows: packed, as `collate` makes them. notes: what was done
    to samples to make them fit. skipped: (sample, reason) of those that could not be used."""

    rows: list[dict[str, Any]]
    notes: list[str]
    skipped: list[tuple[str, str]]


@dataclass(frozen=True)
class Share:
    """The part of every update that a process takes: samples `size * process` and on, of `size * processes`."""

    size: int
    process: int = 0
    processes: int = 1


class Updates(IterableDataset):  # type: ignore[type-arg]
    """Updates from number `first` on; without end, or up to sample number `end`."""

    def __init__(
        self, draws: Draws, processor: Any, share: Share, first: int = 0, end: int | None = None,
        curriculum: Curriculum | None = None, kept: Features | None = None,
    ) -> None:  # fmt: skip
        self.draws, self.processor, self.share, self.first, self.end = draws, processor, share, first, end
        self.curriculum, self.kept = curriculum, kept
        self.limits = limits(draws.recipe)

    def __iter__(self) -> Iterator[Update]:
        worker = get_worker_info()
        if worker:
            torch.set_num_threads(1)
        update, stride = self.first + (worker.id if worker else 0), worker.num_workers if worker else 1
        whole = self.share.size * self.share.processes
        while self.end is None or update * whole < self.end:
            yield self._update(update)
            update += stride

    def _update(self, update: int) -> Update:
        first = (update * self.share.processes + self.share.process) * self.share.size
        last = first + self.share.size if self.end is None else min(self.end, first + self.share.size)
        ladder = self.curriculum.known(update) if self.curriculum else None
        drawn = Update([], [], [])
        samples: list[Encoded] = []
        for number in range(first, last):
            try:
                name, sample = self.draws(number, ladder)
                found = encode(sample, self.processor, self.limits, self.kept)
            except InputError as error:
                drawn.skipped.append((f"sample {number}", str(error)))
                continue
            samples.append(replace(found, number=number, name=name))
            drawn.notes += found.notes
        rows = pack(samples, row_tokens(self.draws.recipe))
        # The largest first: the others then fit into the memory that it has had.
        drawn.rows += [collate(row) for row in sorted(rows, key=_patches_and_tokens, reverse=True)]
        return drawn


def _patches_and_tokens(row: Sequence[Encoded]) -> tuple[int, int]:
    return sum(len(one.pixel_values) for one in row), sum(len(one.input_ids) for one in row)


def limits(recipe: SFTRecipe) -> Limits:
    """What the recipe's samples are held to."""
    open_end = Limits()
    return Limits(recipe.cutoff_len, recipe.image_max_pixels or open_end.pixels, recipe.image_resolution or open_end.side)


def row_tokens(recipe: SFTRecipe) -> int:
    """The longest row."""
    return recipe.pack_tokens or recipe.cutoff_len


def pack(samples: Sequence[Encoded], tokens: int) -> list[list[Encoded]]:
    """Samples in rows of at most so many tokens: the longest first, each into the first row with room for it."""
    rows: list[list[Encoded]] = []
    room: list[int] = []
    for sample in sorted(samples, key=lambda one: -len(one.input_ids)):
        length = len(sample.input_ids)
        place = next((number for number, left in enumerate(room) if left >= length), len(rows))
        if place == len(rows):
            rows.append([])
            room.append(tokens)
        rows[place].append(sample)
        room[place] -= length
    return rows


def blank_row(kept: Features | None = None) -> dict[str, Any]:
    """A row that teaches nothing, for a process that has fewer rows than the others: they must all run as often."""
    two = torch.zeros(2, dtype=torch.long)
    features = kept.get([], torch.zeros(0, 3, dtype=torch.long)) if kept else None
    return collate([replace(BLANK, input_ids=two, labels=two + IGNORE, positions=two.expand(3, 2), features=features)])


def longest_row(recipe: SFTRecipe, processor: Any) -> dict[str, Any]:
    """A row as long as they come, with the largest pictures and every token supervised: what memory must hold."""
    size = processor.image_processor.size["longest_edge"]
    side = int(min(size, recipe.image_max_pixels or size, (recipe.image_resolution or size) ** 2, recipe.cutoff_len * 392) ** 0.5)
    side = max(2, side // 14 // 2 * 2)
    pictures = torch.tensor([[1, side, side]])
    length = recipe.cutoff_len
    ids = torch.zeros(length, dtype=torch.long)
    ids[1 : 1 + side * side // 4] = processor.image_token_id
    whole = Encoded(ids, ids.clone(), torch.arange(length).expand(3, -1), torch.zeros(side * side, 1176, dtype=torch.uint8), pictures)
    return collate([whole] * max(1, row_tokens(recipe) // length))
