"""Our own tasks' held-out split, beside what a model could get without looking."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from onevision import tasks
from onevision.bench.run import Generate, Graded, accuracy, evaluate, write_log
from onevision.engine.base import SamplingParams
from onevision.types import Problem

LONGEST = 512
"""More tokens than any task's longest answer needs."""


@dataclass(frozen=True)
class Row:
    """One task's result. majority: the share of its most frequent answer; blank: the score when every picture is
    replaced by an empty page of the same size. All are shares of the same problems."""

    task: str
    problems: int
    score: float
    majority: float
    blank: float


def held_out(generate: Generate, names: list[str], count: int, config: dict[str, Any], out: Path) -> list[Row]:
    """Score `count` problems of each task (split "test", seed 0), with and without their pictures; logs go to `out`.

    config: what `Task` takes, such as levels and size.
    """
    return [_row(generate, name, count, config, out) for name in names]


def _row(generate: Generate, name: str, count: int, config: dict[str, Any], out: Path) -> Row:
    task = tasks.make(name, split="test", seed=0, **config)
    problems = [task[i] for i in range(count)]
    seen = _ask(generate, problems, name, out / f"{name}.jsonl")
    unseen = _ask(generate, [_blanked(p) for p in problems], f"{name}, blank", out / f"{name}-blank.jsonl")
    return Row(name, count, accuracy(seen) or 0.0, majority(problems), accuracy(unseen) or 0.0)


def _ask(generate: Generate, problems: list[Problem], title: str, log: Path) -> list[Graded]:
    graded = evaluate(generate, problems, SamplingParams(max_new_tokens=LONGEST), title=title)
    write_log(log, graded)
    return graded


def _blanked(problem: Problem) -> Problem:
    return replace(problem, images=tuple(Image.new("RGB", image.size, "white") for image in problem.images))


def majority(problems: list[Problem]) -> float:
    """What always giving each kind of question's most frequent answer would score (question kinds by answer type)."""
    kinds: dict[bool, Counter[str | None]] = {True: Counter(), False: Counter()}
    for problem in problems:
        kinds[problem.answer in ("Yes", "No")][problem.answer] += 1
    return sum(max(c.values()) for c in kinds.values() if c) / len(problems)
