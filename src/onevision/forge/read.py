"""The mix: a recipe's sources as one numbered sequence of items."""

import random
import sys
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate

import numpy as np

from onevision import tasks
from onevision.errors import InputError, MissingPartError
from onevision.forge.draft import Draft, Thought
from onevision.forge.recipe import ForgeRecipe, Source
from onevision.formal import FORMALISMS
from onevision.models.prompts import messages_for, parse
from onevision.sources import open_dataset
from onevision.sources.chat import encoded
from onevision.tasks.base import keyed_seed
from onevision.types import Problem, Sample


class Mix:
    """Item by number; the same number always gives the same item. Raises InputError for a source that is not there,
    and where all are empty."""

    def __init__(self, recipe: ForgeRecipe) -> None:
        self.parts: list[_Task | _Data] = [_Task(one, recipe.seed) if one.task else _Data(one, recipe.seed) for one in recipe.sources]
        self.ends = list(accumulate(len(part) for part in self.parts))
        if not len(self):
            raise InputError("the recipe's sources hold no items")

    def __len__(self) -> int:
        return self.ends[-1]

    def draft(self, number: int) -> Draft:
        """The item as a Draft, dropped at once where it cannot be read."""
        source, _ = self._place(number)
        empty = Draft(number, Problem(f"item-{number}", (), "", source=source.label, meta={"domain": source.domain}))
        try:
            sample = self._sample(number)
            if sample is None:
                return empty.drop("read", "no further question", "the row holds fewer questions than per_row asks for")
            return _draft(number, source, sample)
        except Exception as error:
            return empty.failed("read", "broken row", error)

    def problem(self, number: int) -> Problem | None:
        """The item's problem, pictures and all; None where it cannot be read."""
        try:
            sample = self._sample(number)
        except MissingPartError:
            raise
        except Exception:  # `draft` says which
            return None
        return replace(sample.problem, id=sample.problem.id or f"item-{number}") if sample else None

    def _sample(self, number: int) -> Sample | None:
        """None where the row has no question left. Raises InputError where nothing can be read, or what is there cannot be asked."""
        sample = self.parts[bisect_right(self.ends, number)].sample(self._place(number)[1])
        if sample:
            messages_for((), sample.problem.question, sample.problem.choices)
        return sample

    def _place(self, number: int) -> tuple[Source, int]:
        part = bisect_right(self.ends, number)
        return self.parts[part].source, number - (self.ends[part] - len(self.parts[part]))


def _draft(number: int, source: Source, sample: Sample) -> Draft:
    problem, said = sample.problem, parse(str(sample.messages[-1]["content"]))
    meta = {**problem.meta, "domain": source.domain, "of": problem.source}
    known = replace(problem, id=problem.id or f"{source.label}-{number}", images=(), source=source.label, meta=meta)
    made_by = sample.made_by or problem.source
    # What is taken for the Description is no step; a block of code is.
    steps = said.steps if said.description and said.description.formalism in FORMALISMS else said.reasoning
    return Draft(
        number,
        known,
        tuple(encoded(image) for image in problem.images),
        given=sample.description if sample.description.formalism in FORMALISMS else None,
        worked=Thought(steps, said.answer or problem.answer or "", made_by) if steps else None,
    )


class _Task:
    """The first `count` items of a procedural task."""

    def __init__(self, source: Source, seed: int) -> None:
        size = {"size": tuple(source.size)} if source.size else {}
        self.source = source
        self.task = tasks.make(str(source.task), split="train", seed=seed, levels=tuple(source.levels), **size)

    def __len__(self) -> int:
        return self.source.count or 0

    def sample(self, place: int) -> Sample:
        return self.task.sample(place)


class _Data:
    """`count` rows of a data set, spread over it, and of each up to `per_row` questions, in an order that the seed gives."""

    def __init__(self, source: Source, seed: int) -> None:
        self.source, self.seed = source, seed
        self.data = open_dataset(str(source.data), source.dataset_dir)
        count = len(self.data) if source.count is None else source.count
        if count > len(self.data):
            print(f"source {source.label}: {count} rows were asked for, it has {len(self.data)}", file=sys.stderr)
        rng = np.random.default_rng(keyed_seed("forge", seed, source.data))
        self.rows = np.sort(rng.permutation(len(self.data))[:count])

    def __len__(self) -> int:
        return len(self.rows) * self.source.per_row

    def sample(self, place: int) -> Sample | None:
        row, turn = divmod(place, self.source.per_row)
        questions = self.data.questions(int(self.rows[row]))
        random.Random(keyed_seed("question", self.seed, self.source.data, int(self.rows[row]))).shuffle(questions)
        return questions[turn] if turn < len(questions) else None
