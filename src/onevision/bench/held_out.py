"""Our own tasks' held-out split, beside what a model could get without looking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from onevision import tasks
from onevision.bench.measure import Subject, measure
from onevision.bench.run import Asking
from onevision.engine.base import Engine
from onevision.report.tables import Run, line, majority
from onevision.types import Problem

LONGEST = 512
"""More tokens than any task's longest answer needs."""


@dataclass(frozen=True)
class Row:
    """One task's result. majority: the share of its most frequent answer; blank: the score when every picture is
    replaced by an empty page of the same size. All are shares of the same problems."""

    task: str
    problems: int
    score: float | None
    majority: float
    blank: float | None


def held_out(engine: Engine, names: Sequence[str], count: int, config: dict[str, Any], asking: Asking, out: Path) -> list[Row]:
    """Score `count` problems of each task (seed 0), with and without their pictures; runs go to `out`/TASK.

    config: what `Task` takes, such as levels and size; the split is "test" where it does not say.
    """
    return [_row(engine, name, count, config, asking, out) for name in names]


def _row(engine: Engine, name: str, count: int, config: dict[str, Any], asking: Asking, out: Path) -> Row:
    task = tasks.make(name, **{"split": "test", "seed": 0, **config})
    problems = [task[i] for i in range(count)]
    seen = measure(engine, Subject(name, task.split, problems, ("level",)), asking, out / name)
    blank = Subject(f"{name}-blank", task.split, [_blanked(p) for p in problems], ("level",))
    unseen = measure(engine, blank, asking, out / blank.benchmark)
    return Row(name, count, _score(seen), majority(seen.records), _score(unseen))


def _score(run: Run) -> float | None:
    score = line("all", run.records).score
    return score.value if score else None


def _blanked(problem: Problem) -> Problem:
    blank = tuple(Image.new("RGB", image.size, "white") for image in problem.images)
    return replace(problem, images=blank)
