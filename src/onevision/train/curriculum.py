"""Which problems come next: each task climbs a ladder of levels and picture sizes on measured success."""

import json
import random
from pathlib import Path
from typing import Any

import torch

from onevision.store import write_atomic
from onevision.train.recipe import Recipe

MEMORY = 0.97
"""How much of a task's running success the next sample leaves standing: about the last 33 samples count."""


class Curriculum:
    """The state of the ladder, shared with the workers that draw.

    Rung r of a task mixes its levels up to the r-th of the recipe's, most of them the r-th, in pictures of the r-th
    size; past the levels only the size grows. A task climbs when the share of its samples that come out wholly right
    passes `mastery`. Tasks that are still hard are drawn more often.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.names = list(recipe.tasks)
        self.weights = [recipe.tasks[name] for name in self.names]
        self.levels, self.sizes, self.mastery = recipe.levels, recipe.sizes, recipe.mastery
        self.top = max(len(self.levels), len(self.sizes)) - 1
        self.rungs = torch.zeros(len(self.names), dtype=torch.long).share_memory_()
        self.success = torch.zeros(len(self.names)).share_memory_()
        self.seen = torch.zeros(len(self.names), dtype=torch.long).share_memory_()

    def choose(self, rng: random.Random) -> tuple[str, int, tuple[int, int]]:
        """(task, level, size range) of the next sample."""
        need = [w * (1.15 - float(s)) for w, s in zip(self.weights, self.success, strict=True)]
        number = rng.choices(range(len(self.names)), need)[0]
        rung = int(self.rungs[number])
        if rng.random() < 0.3:
            rung = rng.randint(0, rung)
        low, high = self.sizes[min(rung, len(self.sizes) - 1)]
        return self.names[number], self.levels[min(rung, len(self.levels) - 1)], (low, high)

    def record(self, task: str, right: bool) -> None:
        """Count a sample; climb when the task is mastered."""
        number = self.names.index(task)
        self.seen[number] += 1
        # The first samples of a rung average plainly, so that a lucky start does not climb.
        share = max(1 - MEMORY, 1 / int(self.seen[number]))
        self.success[number] += share * (float(right) - self.success[number])
        if self.seen[number] >= 100 and self.success[number] >= self.mastery and self.rungs[number] < self.top:
            self.rungs[number] += 1
            self.success[number] = self.seen[number] = 0

    def report(self) -> dict[str, str]:
        """Task -> "rung:success", for the log."""
        return {n: f"{int(r)}:{float(s):.2f}" for n, r, s in zip(self.names, self.rungs, self.success, strict=True)}

    def save(self, folder: Path) -> None:
        """Write curriculum.json into a checkpoint."""
        state = {n: [int(r), float(s), int(c)] for n, r, s, c in
                 zip(self.names, self.rungs, self.success, self.seen, strict=True)}  # fmt: skip
        write_atomic(folder / "curriculum.json", json.dumps(state))

    def load(self, folder: Path) -> None:
        """Take up the state a checkpoint holds; tasks it does not know start at the bottom."""
        state: dict[str, Any] = json.loads((folder / "curriculum.json").read_text())
        for number, name in enumerate(self.names):
            rung, self.success[number], self.seen[number] = state.get(name, (0, 0.0, 0))
            self.rungs[number] = min(rung, self.top)
