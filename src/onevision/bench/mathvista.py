"""MathVista (Lu et al. 2024, arXiv:2310.02255): mathematics in charts, figures, tables and photographs."""

from pathlib import Path

from onevision.bench.rows import Row, field, picture, read_rows
from onevision.types import Problem

HUB = "AI4Math/MathVista"


def load(data: Path | None, split: str) -> list[Problem]:
    """testmini (1,000). data: a folder with testmini.json (an object of rows by pid) and images/, or the hub's own files."""
    rows, folder = read_rows(data, (f"{split}.json", f"data/{split}.json"), HUB, split)
    return [_problem(row, folder, split) for row in rows]


def _problem(row: Row, folder: Path, split: str) -> Problem:
    metadata = field(row, "metadata")
    meta = {key: field(metadata, key) for key in ("task", "grade", "category", "context", "skills")}
    choices, answer = tuple(field(row, "choices") or ()), str(field(row, "answer"))
    if answer in choices:
        answer = chr(ord("A") + choices.index(answer))
    return Problem(
        id=f"mathvista-{field(row, 'pid')}",
        images=picture(row, folder, "decoded_image", "image"),
        question=_question(row),
        choices=choices or None,
        answer=answer,
        source="mathvista",
        split=split,
        meta=meta,
    )


def _question(row: Row) -> str:
    """The question with its unit and the decimal places that the gold answer is rounded to, as the official prompt has them."""
    question = str(field(row, "question"))
    if row.get("unit"):
        question += f" (Unit: {row['unit']})"
    if row.get("answer_type") == "float" and row.get("precision"):
        places = int(row["precision"])
        question += f" (Give a number with {places} decimal place{'s' if places > 1 else ''}.)"
    return question
