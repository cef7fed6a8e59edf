"""Rows of an update side by side: two threads of one process, each with its own gradients of the same weights.

On a CPU a small model is faster so than with all cores at one product after the other: what is not a product keeps one
core busy, and rows do not wait for each other. Which lane runs a row follows from the rows' sizes alone, and gradients
are added in the lanes' order, so that a run that goes on from a checkpoint stays the same to the bit.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

import torch
from torch import nn

from onevision.train.recipe import SFTRecipe

Row = TypeVar("Row")
Found = TypeVar("Found")

LARGEST = 2**27
"""Models with more weights to teach than this run their rows one after the other: a second set of gradients is too much."""


def two_lanes(recipe: SFTRecipe) -> bool:
    """Whether a second row is worth its memory: in float32 only where a worker takes time from two threads that wait for each other."""
    return recipe.bf16 or recipe.dataloader_num_workers > 0


class Lanes:
    """As many rows of an update at a time as the model and the machine allow: one or two."""

    def __init__(self, model: nn.Module, together: bool) -> None:
        """together: whether rows may run side by side at all. Not with dropout: its random numbers would go to whoever comes first."""
        self.threads = torch.get_num_threads()
        learning = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
        dropout = any(isinstance(part, nn.Dropout) and part.p > 0 for part in model.modules())
        self.twin = _twin(model) if together and self.threads > 1 and learning <= LARGEST and not dropout else None
        self.pool = ThreadPoolExecutor(2, "lane", _begin, (self.threads // 2,))

    def run(self, model: nn.Module, rows: Sequence[Row], sizes: Sequence[float], learn: Callable[[nn.Module, Row], Found]) -> list[Found]:
        """`learn(model, row)` of every row, which adds to the gradients of the model that it is given; what it says of each, in the
        rows' order. All gradients are the model's own afterwards. sizes: of the rows, in any unit of work."""
        twin = self.twin
        if twin is None or len(rows) < 2:
            return [learn(model, row) for row in rows]
        models, lanes = (model, twin.train(model.training)), _dealt(sizes)

        def work(lane: int) -> list[Found]:
            return [learn(models[lane], rows[number]) for number in lanes[lane]]

        # MKL knows but one number of threads, of whoever set it last.
        torch.set_num_threads(self.threads // 2)
        try:
            found = dict(zip(chain(*lanes), chain(*self.pool.map(work, (0, 1))), strict=True))
        finally:
            torch.set_num_threads(self.threads)
            _add(model, twin)
        return [found[number] for number in range(len(rows))]


def _add(model: nn.Module, twin: nn.Module) -> None:
    """Move the twin's gradients to the model."""
    for own, other in zip(model.parameters(), twin.parameters(), strict=True):
        if other.grad is not None:
            own.grad = other.grad.clone() if own.grad is None else own.grad.add_(other.grad)
            other.grad.zero_()


def _begin(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # the flag is each thread's own


def _dealt(sizes: Sequence[float]) -> tuple[list[int], list[int]]:
    """Row numbers of two lanes: the largest row first, each to the lane that has less to do."""
    lanes: tuple[list[int], list[int]] = ([], [])
    load = [0.0, 0.0]
    for number in sorted(range(len(sizes)), key=lambda number: -sizes[number]):
        lane = int(load[1] < load[0])
        lanes[lane].append(number)
        load[lane] += sizes[number]
    return lanes


def _twin(model: nn.Module) -> nn.Module:
    """The model once more, with the same memory for its weights and none yet for its gradients."""
    shared = {id(weight): nn.Parameter(weight.data, weight.requires_grad) for weight in model.parameters()}
    return copy.deepcopy(model, shared | {id(buffer): buffer for buffer in model.buffers()})
