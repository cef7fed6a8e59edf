"""Several tasks as one series: each number draws one of them by weight."""

import math
import random
from typing import Any

from onevision import tasks
from onevision.errors import InputError
from onevision.tasks.base import Task, keyed_seed
from onevision.types import Sample


class Mix:
    """Tasks by weight; `sample(number)` is pure in (weights, split, seed, number). Keywords as in `Task`, for all of them.

    Raises InputError for an unknown task, weights that are not above 0 or have no sum, or no task at all.
    """

    def __init__(self, weights: dict[str, float], split: str = "train", seed: int = 0, **config: Any) -> None:
        wrong = [name for name, weight in weights.items() if not weight > 0]
        if wrong or not weights:
            raise InputError(f"a mix needs tasks with weights above 0; {', '.join(wrong) or 'it has no task'}")
        if not math.isfinite(sum(weights.values())):
            raise InputError(
                f"a mix needs weights with a finite sum; {', '.join(f'{name}:{weight:g}' for name, weight in weights.items())}"
            )
        self.weights, self.split, self.seed = {name: float(weights[name]) for name in sorted(weights)}, split, seed
        self.tasks = {name: tasks.make(name, split=split, seed=seed, **config) for name in weights}

    def task(self, number: int) -> Task:
        """The task that a number draws."""
        rng = random.Random(keyed_seed("mix", *self.weights.items(), self.split, self.seed, number))
        return self.tasks[rng.choices(list(self.weights), list(self.weights.values()))[0]]

    def sample(self, number: int) -> Sample:
        """The Sample at a number (any integer ≥ 0)."""
        return self.task(number).sample(number)


def read_mix(text: str) -> dict[str, float]:
    """The weights in a text: `chain:2,scene` is chain twice as often as scene, `all` every task alike.

    Raises InputError naming the part that is no task or no number.
    """
    weights: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, colon, weight = part.partition(":")
        try:
            number = float(weight) if colon else 1.0
        except ValueError:
            raise InputError(f"mix {text!r}: {weight!r} is no weight; write NAME or NAME:NUMBER, e.g. chain:2,scene") from None
        weights |= dict.fromkeys(tasks.names(), number) if name == "all" else {name: number}
    return weights
