"""Procedural visual tasks: problems without end, each with an exact Description and worked steps.

tasks.names()                                   the names
tasks.make("chain", split="train", seed=0)[7]   the Problem at an index

A task may live in another package, which names it in the entry-point group `onevision.tasks`.
"""

import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from onevision.errors import InputError, unknown_name
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
    "lone_shape": "lone_shape:LoneShape",
    "angles": "angles:Angles",
    "coordinate_geometry": "coordinate_geometry:CoordinateGeometry",
    "function_graph": "function_graph:FunctionGraph",
    "motion_graph": "motion_graph:MotionGraph",
    "grid_area": "grid_area:GridArea",
    "shaded_fraction": "shaded_fraction:ShadedFraction",
    "venn": "venn:Venn",
    "dice_nets": "dice_nets:DiceNets",
    "lever": "lever:Lever",
    "gears": "gears:Gears",
    "beakers": "beakers:Beakers",
    "circuit": "circuit:Circuit",
    "molecule": "molecule:Molecule",
    "food_web": "food_web:FoodWeb",
    "pedigree": "pedigree:Pedigree",
    "line_chart": "line_chart:LineChart",
    "grouped_bars": "grouped_bars:GroupedBars",
    "heat_map": "heat_map:HeatMap",
    "histogram": "histogram:Histogram",
    "pie_chart": "pie_chart:PieChart",
    "scatter_plot": "scatter_plot:ScatterPlot",
    "box_plot": "box_plot:BoxPlot",
    "raven": "raven:Raven",
    "odd_one_out": "odd_one_out:OddOneOut",
    "maze": "maze:Maze",
    "latin_square": "latin_square:LatinSquare",
    "rotation": "rotation:Rotation",
    "chess": "chess:Chess",
    "receipt": "receipt:Receipt",
    "timetable": "timetable:Timetable",
    "calendar": "calendar:Calendar",
    "shelf": "shelf:Shelf",
    "note_reading": "note_reading:NoteReading",
}
"""One line registers a task: its name -> the module and class that draw it."""


GROUP = "onevision.tasks"
"""The entry-point group of other packages' tasks: name = package.module:Class."""


def names() -> list[str]:
    """The tasks' names: ours in the order of the registry, then those of other packages."""
    return [*REGISTRY, *sorted(_entries())]


def make(name: str, split: str = "train", seed: int = 0, **config: Any) -> Task:
    """A task by name; `config` as in `Task`. Raises InputError, with all names, when there is none of that name."""
    task: Task = _task_class(name)(split=split, seed=seed, **config)
    return task


def _task_class(name: str) -> Any:
    if name in REGISTRY:
        module, _, cls = REGISTRY[name].partition(":")
        return getattr(import_module(f"onevision.tasks.{module}"), cls)
    entries = _entries()
    if name not in entries:
        raise unknown_name("task", name, names())
    found = entries[name].load()
    if not (isinstance(found, type) and issubclass(found, Task) and found.name == name):
        raise InputError(f"entry point {name!r} of {GROUP} names {entries[name].value}, which is no Task called {name!r}")
    return found


def _entries() -> dict[str, EntryPoint]:
    """Other packages' tasks; none takes the place of one of ours."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in REGISTRY}


class _CallableModule(ModuleType):
    """Lets `onevision.tasks()` give the names although `onevision.tasks` is also this package."""

    def __call__(self) -> list[str]:
        return names()


sys.modules[__name__].__class__ = _CallableModule
