"""Procedural visual tasks: problems without end, each with an exact Description and worked steps.

tasks.names()                                   the names
tasks.make("chain", split="train", seed=0)[7]   the Problem at an index
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from onevision.errors import InputError
from onevision.tasks.base import Config, Item, Task

__all__ = ["Config", "Item", "Task", "make", "names"]

REGISTRY = {
    "chain": "chain:Chain",
    "scene": "scene:Scene",
    "bar_chart": "bar_chart:BarChart",
    "clock": "clock:Clock",
    "table_lookup": "table_lookup:TableLookup",
    "line_crossings": "line_crossings:LineCrossings",
    "two_circles": "two_circles:TwoCircles",
    "circled_letter": "circled_letter:CircledLetter",
    "overlapping_shapes": "overlapping_shapes:OverlappingShapes",
    "nested_squares": "nested_squares:NestedSquares",
    "grid_size": "grid_size:GridSize",
    "metro_paths": "metro_paths:MetroPaths",
}
"""One line registers a task: its name -> the module and class that draw it."""


def names() -> list[str]:
    """The tasks' names, in the order of the registry."""
    return list(REGISTRY)


def make(name: str, split: str = "train", seed: int = 0, **config: Any) -> Task:
    """A task by name; `config` as in `Task`. Raises InputError naming the nearest task when there is none of that name."""
    if name not in REGISTRY:
        raise InputError(f"unknown task {name!r}: one of {', '.join(REGISTRY)}")
    module, _, cls = REGISTRY[name].partition(":")
    task: Task = getattr(import_module(f"onevision.tasks.{module}"), cls)(split=split, seed=seed, **config)
    return task


class _CallableModule(ModuleType):
    """Lets `onevision.tasks()` give the names although `onevision.tasks` is also this package."""

    def __call__(self) -> list[str]:
        return names()


sys.modules[__name__].__class__ = _CallableModule
