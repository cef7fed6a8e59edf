"""Questions with an answer and no reasoning, as RL sets have them: {"image" or "images", "problem" or "question",
"solution" or "answer", "choices"?}; a solution may stand in <answer> tags."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.models.prompts import compose, messages_for, parse
from onevision.sources.chat import pictures
from onevision.types import Description, Problem, Sample

COLUMNS = "image, problem, solution"


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return bool({"problem", "question"} & set(columns)) and bool({"solution", "answer"} & set(columns))


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """A row as a Sample whose answer has no reasoning. Raises InputError naming what is missing or wrong."""
    question, answer = _text(row, "problem", "question"), _text(row, "solution", "answer")
    answer = parse(answer).answer or answer
    choices = tuple(str(choice) for choice in row.get("choices") or ()) or None
    images = pictures(row.get("images", row.get("image")), folder)
    problem = Problem(str(row.get("id", "")), images, question.replace("<image>", "").strip(), choices, answer, source="questions")
    said = {"role": "assistant", "content": compose(None, "", answer)}
    return Sample(problem, Description("", "", made_by=""), [*messages_for(images, problem.question, choices), said], made_by="questions")


def _text(row: Mapping[str, Any], *columns: str) -> str:
    value = next((row[column] for column in columns if row.get(column) is not None), None)
    if not str(value or "").strip():
        raise InputError(f"column {' or '.join(columns)} is empty")
    return str(value)
