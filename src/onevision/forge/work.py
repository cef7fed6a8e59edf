"""What a worker process does: items read, and steps that ask nobody."""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from onevision.forge.cache import Said
from onevision.forge.draft import Draft, Request
from onevision.forge.near import Print, fingerprint
from onevision.forge.read import Mix
from onevision.forge.recipe import ForgeRecipe

Why = tuple[str, str]
"""Why an item is dropped before its first step: the kind, and the reason in full."""


class Work:
    """A recipe's sources and steps, opened."""

    def __init__(self, recipe: ForgeRecipe) -> None:
        self.recipe, self.mix = recipe, Mix(recipe)

    def begin(self, number: int, why: Why | None = None) -> tuple[Draft, list[Request]]:
        """Read an item and take it as far as it goes without asking; then what is to be asked."""
        draft = self.mix.draft(number)
        return (draft.drop("near", *why), []) if why and not draft.dropped else self._go(draft)

    def go_on(self, draft: Draft, said: Sequence[Said]) -> tuple[Draft, list[Request]]:
        """Take the answers to what the next step asked, and go on as far as it goes."""
        return self._go(draft, said)

    def _go(self, draft: Draft, said: Sequence[Said] | None = None) -> tuple[Draft, list[Request]]:
        while not draft.dropped and draft.at < len(self.recipe.steps):
            step = self.recipe.steps[draft.at]
            # One item that a step breaks on must not end the run: it would end every later one at the same place.
            try:
                if step.asks and said is None:
                    draft = step.ready(draft)
                    return draft, step.requests(draft)
                draft = replace(step(draft) if said is None else step.read(draft, said), at=draft.at + 1)
            except Exception as error:
                draft = draft.failed(step.name, "step failed", error)
            said = None
        return draft, []

    def prints(self, numbers: Sequence[int]) -> list[tuple[int, Print]]:
        """Fingerprints of the items that can be read."""
        problems = ((number, self.mix.problem(number)) for number in numbers)
        return [(number, fingerprint(problem)) for number, problem in problems if problem]


# In a worker process: what it opened once, and the functions that the pool calls.

_OPEN: list[Work] = []


def open_work(recipe: ForgeRecipe, parent: int) -> None:
    """Begin a worker process. It ends with its parent, which may be killed without a word, and gives way to it: an endpoint that
    waits costs more than an item that does."""
    os.nice(5 if recipe.asked else 0)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _OPEN.append(Work(recipe))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def call(name: str, *arguments: Any) -> Any:
    """Work's method of that name, in this process."""
    return getattr(_OPEN[0], name)(*arguments)
