"""Which problems come next: each task climbs a ladder of levels and picture sizes on measured success."""

import json
import os
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from onevision.store import write_atomic
from onevision.train.recipe import SFTRecipe

MEMORY = 0.97
"""How much of a task's running success the next sample leaves standing: about the last 33 samples count."""

LAG = 8
"""Update n is drawn from what was known after update n - LAG. A fixed distance, so that a run does not depend on how far
ahead the workers happen to be; they never draw more than LAG updates ahead."""


@dataclass(frozen=True)
class Ladder:
    """Where the tasks stand. Rung r of a task mixes its levels up to the r-th of the recipe's, most of them the r-th, in
    pictures of the r-th size; past the levels only the size grows. Tasks that are still hard are drawn more often.

    rungs, success (running share of samples wholly right), seen (samples since the last climb): one number a task.
    """

    weights: Mapping[str, float]
    levels: Sequence[int]
    sizes: Sequence[Sequence[int]]
    rungs: Sequence[int]
    success: Sequence[float]

    def choose(self, rng: random.Random) -> tuple[str, int, tuple[int, int]]:
        """(task, level, size range) of the next sample."""
        need = [weight * (1.15 - success) for weight, success in zip(self.weights.values(), self.success, strict=True)]
        number = rng.choices(range(len(need)), need)[0]
        rung = self.rungs[number]
        if rng.random() < 0.3:
            rung = rng.randint(0, rung)
        low, high = self.sizes[min(rung, len(self.sizes) - 1)]
        return list(self.weights)[number], self.levels[min(rung, len(self.levels) - 1)], (low, high)


class Curriculum:
    """The ladder as it was after each of the last updates, in memory shared with the workers that draw.

    A task climbs when the share of its samples that come out wholly right passes `mastery`.
    """

    def __init__(self, recipe: SFTRecipe, update: int = 0) -> None:
        self.recipe, self.names = recipe, list(recipe.tasks)
        self.top = max(len(recipe.levels), len(recipe.sizes)) - 1
        # (slot, rung | success | seen, task): float64 holds all three exactly.
        self.ring = torch.zeros(2 * LAG, 3, len(self.names), dtype=torch.float64).share_memory_()
        self.update = torch.tensor(update).share_memory_()
        self.owner = os.getpid()

    def known(self, update: int) -> Ladder:
        """What an update is drawn from; waits until it is known. Exits where the process that learns is gone."""
        wanted = max(0, update - LAG)
        while int(self.update) < wanted:
            if os.getpid() != self.owner and os.getppid() != self.owner:
                raise SystemExit
            time.sleep(0.002)
        rungs, success, _ = self._slot(wanted).tolist()
        return Ladder(self.recipe.tasks, self.recipe.levels, self.recipe.sizes, [int(rung) for rung in rungs], success)

    def advance(self, results: Iterable[tuple[str, bool]]) -> None:
        """Count an update's samples, (task, wholly right) each, and make what came out known as the next state."""
        state = self._slot(int(self.update)).clone()
        for task, right in results:
            self._count(state, self.names.index(task), right)
        self._slot(int(self.update) + 1).copy_(state)
        self.update += 1

    def report(self) -> dict[str, str]:
        """Task -> "rung:success", for the log."""
        rungs, success, _ = self._slot(int(self.update)).tolist()
        return {name: f"{int(rung)}:{share:.2f}" for name, rung, share in zip(self.names, rungs, success, strict=True)}

    def save(self, folder: Path) -> None:
        """Write curriculum.json into a checkpoint."""
        update = int(self.update)
        states = {n: dict(zip(self.names, self._slot(n).T.tolist(), strict=True)) for n in range(max(0, update - LAG), update + 1)}
        write_atomic(folder / "curriculum.json", json.dumps({"tasks": states}))

    def load(self, folder: Path) -> None:
        """Take up the states a checkpoint holds; tasks it does not know start at the bottom, all of them where it had none."""
        path = folder / "curriculum.json"
        states: dict[str, Any] = json.loads(path.read_text()).get("tasks", {}) if path.exists() else {}
        for update, tasks in states.items():
            state = torch.tensor([tasks.get(name, (0, 0, 0)) for name in self.names], dtype=torch.float64).view(-1, 3)
            self._slot(int(update)).copy_(state.T.clamp(max=torch.tensor([[self.top], [1], [float("inf")]])))

    def _slot(self, update: int) -> Tensor:
        return self.ring[update % len(self.ring)]

    def _count(self, state: Tensor, number: int, right: bool) -> None:
        rung, success, seen = state[:, number].tolist()
        seen += 1
        # The first samples of a rung average plainly, so that a lucky start does not climb.
        success += max(1 - MEMORY, 1 / seen) * (right - success)
        climbs = seen >= 100 and success >= self.recipe.mastery and rung < self.top
        state[:, number] = torch.tensor([rung + 1, 0, 0] if climbs else [rung, success, seen], dtype=torch.float64)
