"""Questions with an answer and no reasoning, as RL sets and tables beside a folder of pictures have them: {"image", "images"
or "file_name", "problem" or "question", "solution" or "answer", "choices"?, "id"?}.

A solution may stand in <answer> tags; choices are a list, or in a CSV a text with "|" between them.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.models.prompts import compose, messages_for, parse
from onevision.sources.chat import pictures, row_id
from onevision.types import Description, Problem, Sample

PICTURES = ("images", "image", "file_name")
COLUMNS = "image, problem, solution"


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return bool({"problem", "question"} & set(columns)) and bool({"solution", "answer"} & set(columns))


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """A row as a Sample whose answer has no reasoning. Raises InputError naming what is missing or wrong."""
    question, answer = _text(row, "problem", "question"), _text(row, "solution", "answer")
    answer = parse(answer).answer or answer
    choices = _choices(row.get("choices"))
    images = pictures(next((row[column] for column in PICTURES if row.get(column) is not None), None), folder)
    problem = Problem(row_id(row), images, question.replace("<image>", "").strip(), choices, answer, source="questions")
    said = {"role": "assistant", "content": compose(None, "", answer)}
    return Sample(problem, Description("", "", made_by=""), [*messages_for(images, problem.question, choices), said], made_by="questions")


def _choices(value: Any) -> tuple[str, ...] | None:
    listed = value.split("|") if isinstance(value, str) else value or ()
    return tuple(str(choice).strip() for choice in listed) or None


def _text(row: Mapping[str, Any], *columns: str) -> str:
    value = next((row[column] for column in columns if row.get(column) is not None), None)
    if not str(value or "").strip():
        raise InputError(f"column {' or '.join(columns)} is empty")
    return str(value)
