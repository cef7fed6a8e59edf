"""One benchmark, one model: ask, grade, and leave a folder that can be read, reported and compared.

FOLDER/answers.jsonl    every answer as it came; what a rerun goes on from
FOLDER/records.jsonl    problems, completions and verdicts, in the benchmark's order
FOLDER/run.json         how it was asked: model, sampling, exact prompt, versions
FOLDER/pictures/        the pictures, for reading
FOLDER/logs/            the same as an inspect-ai log
"""

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onevision.answers.worker import warm_up
from onevision.bench import BENCHMARKS
from onevision.bench.journal import Journal
from onevision.bench.records import record, write_records
from onevision.bench.run import Asking, answer_all
from onevision.engine.base import Engine
from onevision.models.prompts import messages_for
from onevision.report.tables import Run, read_run
from onevision.store import write_atomic
from onevision.types import Problem

PACKAGES = ("onevision", "torch", "transformers", "vllm", "openai", "math-verify", "inspect-ai")


@dataclass(frozen=True)
class Subject:
    """What is measured: a benchmark's name and split, its problems, and the keys of their meta to break the table down by."""

    benchmark: str
    split: str
    problems: Sequence[Problem]
    groups: tuple[str, ...] = ()


def measure(engine: Engine, subject: Subject, asking: Asking, folder: Path) -> Run:
    """Ask what has not been answered yet, grade everything, write the folder. The same call again changes nothing."""
    journal = Journal(folder / "answers.jsonl")
    try:
        answers = answer_all(engine, subject.problems, asking, journal, subject.benchmark)
    finally:
        journal.close()
    warm_up()  # without it the first formulas would be "could not judge", and those of a rerun perhaps not
    pictures = folder / "pictures"
    records = [record(problem, answer, pictures) for problem, answer in zip(subject.problems, answers, strict=True)]
    write_records(folder / "records.jsonl", records)
    metric = BENCHMARKS[subject.benchmark].metric if subject.benchmark in BENCHMARKS else None
    about = _about(engine, subject, asking) | ({"metric": metric(records)} if metric else {})
    write_atomic(folder / "run.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    run = read_run(folder)
    if find_spec("inspect_ai") is not None:
        from onevision.bench.log import write_log

        write_log(run)
    return run


def _about(engine: Engine, subject: Subject, asking: Asking) -> dict[str, Any]:
    return {
        "benchmark": subject.benchmark,
        "split": subject.split,
        "groups": subject.groups,
        "problems": len(subject.problems),
        "model": asking.model,
        "sampling": asdict(asking.sampling),
        "n": asking.n,
        "engine": type(engine).__name__,
        "prompt": _prompt(engine, subject.problems[0]),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "revision": _revision(),
    }


def _prompt(engine: Any, problem: Problem) -> dict[str, Any]:
    """The first problem's chat as it is asked, and as the model reads it where the chat template is ours to apply."""
    messages = messages_for(problem.images, problem.question, problem.choices)
    (text,) = [item["text"] for item in messages[0]["content"] if item["type"] == "text"]
    prompt = {"pictures": len(problem.images), "text": text}
    if processor := getattr(engine, "processor", None):
        prompt["rendered"] = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return prompt


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _revision() -> str | None:
    """The commit of the code that ran, "+" behind it where files differ from it; None outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
