"""Ask a model every problem of a list, in batches, and grade what it says."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from onevision.engine.base import SamplingParams
from onevision.models.prompts import messages_for
from onevision.store import write_atomic
from onevision.types import Completion, Problem, Verdict

Generate = Callable[[Sequence[Any], SamplingParams], list[Completion]]
"""Several chats at once -> a completion each, as `TorchEngine.generate_batch`."""


@dataclass(frozen=True)
class Graded:
    """A problem, what the model said, and the grader's word on it."""

    problem: Problem
    text: str
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """The record without its pictures."""
        p, v = self.problem, self.verdict
        return {"id": p.id, "source": p.source, "meta": dict(p.meta), "question": p.question, "gold": p.answer,
                "answer": v.answer, "score": v.score, "reason": v.reason, "text": self.text}  # fmt: skip


def evaluate(generate: Generate, problems: Sequence[Problem], sampling: SamplingParams, batch: int = 32, title: str = "") -> list[Graded]:
    """Completions and verdicts for all problems, in their order. Problems of like size are run together."""
    from onevision.answers import grade

    # Like sizes in one batch waste least on padding.
    order = sorted(range(len(problems)), key=lambda i: problems[i].images[0].size[0] * problems[i].images[0].size[1])
    results: dict[int, Graded] = {}
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True) as bar:
        task = bar.add_task(title, total=len(problems))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            chats = [messages_for(problems[i].images, problems[i].question, problems[i].choices) for i in chosen]
            for i, completion in zip(chosen, generate(chats, sampling), strict=True):
                results[i] = Graded(problems[i], completion.text, grade(completion.text, problems[i]))
            bar.advance(task, len(chosen))
    return [results[i] for i in range(len(problems))]


def accuracy(graded: Iterable[Graded]) -> float | None:
    """Mean score of what could be judged; None where nothing could."""
    scores = [g.verdict.score for g in graded if g.verdict.score is not None]
    return sum(scores) / len(scores) if scores else None


def write_log(path: Path, graded: Iterable[Graded]) -> None:
    """Every question, completion and verdict, one JSON object a line."""
    write_atomic(path, "".join(json.dumps(g.as_json(), ensure_ascii=False) + "\n" for g in graded))
