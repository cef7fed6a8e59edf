"""MathVerse (Zhang et al. 2024, arXiv:2403.14624): 788 problems, each in versions that move the text into the picture."""

from pathlib import Path

from onevision.bench.rows import Row, field, picture, read_rows, split_options
from onevision.types import Problem

HUB = "AI4Math/MathVerse"


def load(data: Path | None, split: str) -> list[Problem]:
    """testmini (five versions of each problem, 3,940 rows) or testmini_text_only (788, no pictures).

    data: a folder with SPLIT.json and images/, or the hub's own files. All versions of a problem are one cluster.
    """
    rows, folder = read_rows(data, (f"{split}.json",), HUB, split, subset=split)
    images = folder / "images" if (folder / "images").is_dir() else folder
    return [_problem(row, images, split) for row in rows]


def _problem(row: Row, folder: Path, split: str) -> Problem:
    question, choices = split_options(field(row, "question"))
    version = field(row, "problem_version")
    return Problem(
        id=f"mathverse-{field(row, 'sample_index')}",
        images=() if version == "Text Only" else picture(row, folder, "image"),
        # In "Vision Only" the picture holds the question; the official prompt says so.
        question=question.strip() or field(row, "query_cot"),
        choices=choices,
        answer=str(field(row, "answer")),
        source="mathverse",
        split=split,
        meta={
            "version": version,
            "subject": field(field(row, "metadata"), "subject"),
            "cluster": f"mathverse-{field(row, 'problem_index')}",
            # The options of "Vision Only" are in the picture; guessing among them still has a chance.
            **({"options": 4} if field(row, "question_type") == "multi-choice" else {}),
        },
    )
