"""What GRPO asks: prompts of data sets or of tasks drawn on the fly, the same ones in every run of a recipe."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.data import IterableDataset, get_worker_info

from onevision import tasks
from onevision.engine.chat import check_room
from onevision.errors import InputError
from onevision.models.prompts import messages_for
from onevision.tasks.base import keyed_seed
from onevision.train.callbacks import say
from onevision.train.data import HOPELESS, Corpus, Share
from onevision.train.encode import IGNORE, Encoded, Limits, encode
from onevision.train.recipe import GRPORecipe
from onevision.train.rewards import check_gold
from onevision.types import Description, Problem, Sample


@dataclass(frozen=True)
class Prompt:
    """A problem and what the model gets of it: tokens up to where the answer begins, and pixels."""

    problem: Problem
    encoded: Encoded


def prompt_of(problem: Problem, processor: Any, limits: Limits | None = None) -> Prompt:
    """Encode a problem's question. Raises InputError for an empty one, or one that does not fit into the limits."""
    messages = messages_for(problem.images, problem.question, problem.choices)
    sample = Sample(problem, Description("", ""), [*messages, {"role": "assistant", "content": ""}])
    whole = encode(sample, processor, limits)
    end = int((whole.labels == IGNORE).sum())
    return Prompt(problem, replace(whole, input_ids=whole.input_ids[:end], labels=whole.labels[:end], positions=whole.positions[:, :end]))


class Prompts(IterableDataset):  # type: ignore[type-arg]
    """The prompts of update after update without end, from update `first` on; the same ones in every run. context: the
    model's, in tokens."""

    def __init__(
        self, recipe: GRPORecipe, corpus: Corpus, processor: Any, share: Share, first: int = 0, context: int = 2**31
    ) -> None:  # fmt: skip
        self.recipe, self.corpus, self.processor, self.share = recipe, corpus, processor, share
        self.first, self.context = first, context
        self.limits = Limits(pixels=recipe.image_max_pixels or 2**31, side=recipe.image_resolution or 2**31)

    def __iter__(self) -> Iterator[list[Prompt]]:
        worker = get_worker_info()
        if worker:
            torch.set_num_threads(1)
        update, stride = self.first + (worker.id if worker else 0), worker.num_workers if worker else 1
        while True:
            rollout, repeated = divmod(update, self.recipe.num_iterations)
            yield [] if repeated else [self.draw(rollout, slot) for slot in range(self.share.size)]
            update += stride

    def draw(self, rollout: int, slot: int, again: int = 0) -> Prompt:
        """The prompt in a slot of a rollout; `again` counts the times it was replaced.

        What cannot be read, leaves no room for an answer, or has a gold answer that the grader does not understand, is named and
        another one is taken.
        Raises InputError where that happens HOPELESS times in a row.
        """
        place = self.place(rollout, slot)
        for attempt in range(HOPELESS):
            rng = random.Random(keyed_seed("grpo", self.recipe.seed, place, again, attempt))
            try:
                problem = check_gold(self._problem(rng, None if again or attempt else place))
                prompt = prompt_of(problem, self.processor, self.limits)
                ids = prompt.encoded.input_ids
                check_room(len(ids), int((ids == self.processor.image_token_id).sum()), self.context)
                return prompt
            except InputError as error:
                say(f"skipped: {error}")
        raise InputError(f"none of {HOPELESS} prompts in a row could be used; the last reasons are above")

    def place(self, rollout: int, slot: int) -> int:
        """A prompt's number among those of all rollouts and processes."""
        return (rollout * self.share.processes + self.share.process) * self.share.size + slot

    def _problem(self, rng: random.Random, place: int | None) -> Problem:
        """A row of the data sets, by its place in the epochs or any; without data sets a problem of the tasks."""
        if len(self.corpus):
            return self.corpus.sample(self.corpus.row(rng.randrange(len(self.corpus)) if place is None else place)).problem
        name = rng.choices(list(self.recipe.tasks), list(self.recipe.tasks.values()))[0]
        level, (low, high) = rng.choice(self.recipe.levels), rng.choice(self.recipe.sizes)
        return tasks.make(name, split="train", seed=self.recipe.seed, levels=(level,), size=(low, high)).problem(rng.getrandbits(48))
