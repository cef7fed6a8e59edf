"""A run's records: each problem with its completions and their verdicts, as the tables and the page read them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL.Image import Image

from onevision.answers import grade
from onevision.bench.journal import Answer
from onevision.store import content_id, write_atomic
from onevision.types import Problem

Record = dict[str, Any]

SHOWN_SIDE = 768
"""Pictures are kept for reading only; the model saw the originals."""


def record(problem: Problem, answer: Answer, pictures: Path) -> Record:
    """One problem's record. score: mean of its judged completions, None where none could be judged; guess: the chance
    of a uniform guess among its options. Its pictures are written to `pictures` unless they are there."""
    completions = [_graded(problem, completion) for completion in answer["completions"]]
    judged = [one["score"] for one in completions if one["score"] is not None]
    return {
        "id": problem.id,
        "cluster": problem.meta.get("cluster", problem.id),
        "meta": dict(problem.meta),
        "question": problem.question,
        "choices": problem.choices,
        "gold": problem.answer,
        "guess": guess_of(problem),
        "pictures": [_kept(image, pictures) for image in problem.images],
        "score": sum(judged) / len(judged) if judged else None,
        "majority": majority(completions),
        "seconds": answer["seconds"],
        "completions": completions,
    }


def _graded(problem: Problem, completion: Mapping[str, Any]) -> dict[str, Any]:
    verdict = grade(completion["text"], problem)
    return {**completion, "answer": verdict.answer, "score": verdict.score, "reason": verdict.reason}


def majority(completions: Sequence[Mapping[str, Any]]) -> float | None:
    """The score of the answer given most often (Wang et al. 2022, self-consistency), of the first of them at a tie;
    None where it could not be judged. Completions without an answer have no vote."""
    votes = Counter(one["answer"].strip().casefold() for one in completions if one["answer"] is not None)
    if not votes:
        return completions[0]["score"]
    chosen = votes.most_common(1)[0][0]
    return next(one["score"] for one in completions if (one["answer"] or "").strip().casefold() == chosen)


def guess_of(problem: Problem) -> float:
    """The chance that a guess at random is right: among the options, or yes and no; 0 for an open answer."""
    options = len(problem.choices or ()) or int(problem.meta.get("options", 0))
    if not options and (problem.answer or "").casefold() in ("yes", "no"):
        options = 2
    return 1 / options if options else 0.0


def write_records(path: Path, records: Sequence[Record]) -> None:
    """One JSON object a line."""
    write_atomic(path, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records))


def _kept(image: Image, folder: Path) -> str:
    name = f"{content_id(repr(image.size), image.tobytes())[:24]}.jpg"
    if not (folder / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        small = image.copy()
        small.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        temporary = folder / f".{name}"
        small.save(temporary, "JPEG", quality=85)
        temporary.replace(folder / name)
    return name
