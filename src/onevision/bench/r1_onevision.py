"""R1-Onevision-Bench (Yang et al. 2025, arXiv:2503.10615): school to university, five subjects, pictures in base64."""

import base64
import binascii
import re
from pathlib import Path

from onevision.bench.rows import Row, field, read_rows, split_options
from onevision.errors import InputError
from onevision.models.pictures import open_picture
from onevision.types import Problem

HUB = "Fancy-MLLM/R1-Onevision-Bench"


def load(data: Path | None, split: str) -> list[Problem]:
    """All 942. data: r1-onevision.tsv or the folder that holds it; columns index, question, choices, answer, level,
    category, image. The question embeds a hint and the options."""
    rows, _ = read_rows(data, ("r1-onevision.tsv",), HUB, "train")
    return [_problem(row, split) for row in rows]


def _problem(row: Row, split: str) -> Problem:
    question, embedded = split_options(field(row, "question"))
    index = field(row, "index")
    try:
        image = open_picture(base64.b64decode(field(row, "image"), validate=True))
    except (binascii.Error, InputError) as error:
        raise InputError(f"R1-Onevision-Bench, row {index}: the picture is damaged ({error})") from None
    return Problem(
        id=f"r1-onevision-{index}",
        images=(image,),
        question=question,
        choices=embedded or _listed(row.get("choices") or ""),
        answer=str(field(row, "answer")),
        source="r1-onevision",
        split=split,
        meta={"level": field(row, "level"), "category": field(row, "category")},
    )


def _listed(text: str) -> tuple[str, ...] | None:
    """Options written as a list, ['4', '5'] or ["4", "5"]; None for anything else. Read by pattern, never evaluated."""
    if not re.fullmatch(r"\s*\[.*\]\s*", text, re.S):
        return None
    parts = [single or double for single, double in re.findall(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", text)]
    return tuple(parts) if len(parts) > 1 else None
