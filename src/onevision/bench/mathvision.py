"""MathVision (Wang et al. 2024, arXiv:2402.14804): competition problems, each with a picture; 16 subjects, 5 levels."""

from pathlib import Path

from onevision.bench.rows import Row, field, picture, read_rows
from onevision.types import Problem

HUB = "MathLLMs/MathVision"


def load(data: Path | None, split: str) -> list[Problem]:
    """testmini (304) or test (3,040). data: a folder with SPLIT.jsonl and images/, or the hub's own files."""
    rows, folder = read_rows(data, (f"{split}.jsonl", f"data/{split}.jsonl"), HUB, split)
    return [_problem(row, folder, split) for row in rows]


def _problem(row: Row, folder: Path, split: str) -> Problem:
    meta = {"subject": field(row, "subject"), "level": int(field(row, "level"))}
    return Problem(
        id=f"mathvision-{field(row, 'id')}",
        images=picture(row, folder, "decoded_image", "image"),
        question=field(row, "question"),
        choices=tuple(row.get("options") or ()) or None,
        answer=field(row, "answer"),
        source="mathvision",
        split=split,
        meta=meta,
    )
