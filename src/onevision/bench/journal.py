"""Answers as they come, one JSON object a line, so that a finished question is never asked again."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from onevision.engine.base import SamplingParams
from onevision.store import content_id
from onevision.types import Problem

Answer = dict[str, Any]
"""{"key", "id", "seconds", "completions": [{"text", "tokens", "stop", "error"?}]}."""


class Journal:
    """An append-only file. A line counts once it is whole: what a crash cut off is asked again."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.answers: dict[str, Answer] = {}
        written = path.read_bytes() if path.exists() else b""
        for line in written.splitlines():
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            self.answers[answer["key"]] = answer
        self._file = path.open("ab")
        if written and not written.endswith(b"\n"):
            self._file.write(b"\n")

    def __contains__(self, key: str) -> bool:
        return key in self.answers

    def add(self, answers: Sequence[Answer]) -> None:
        """Keep these answers: when this returns they outlive the process, however it ends."""
        self._file.write(b"".join(json.dumps(answer, ensure_ascii=False).encode() + b"\n" for answer in answers))
        self._file.flush()
        self.answers |= {answer["key"]: answer for answer in answers}

    def close(self) -> None:
        """No more answers; what there is outlives the machine too."""
        os.fsync(self._file.fileno())
        self._file.close()


def key_of(problem: Problem, model: str, sampling: SamplingParams, n: int) -> str:
    """What an answer depends on, as one hash: the model, the pictures, the words, and how tokens are picked."""
    pictures = [part for image in problem.images for part in (repr(image.size), image.tobytes())]
    how: Mapping[str, Any] = asdict(sampling) | {"n": n}
    return content_id(model, problem.question, json.dumps(problem.choices), json.dumps(how, sort_keys=True), *pictures)
