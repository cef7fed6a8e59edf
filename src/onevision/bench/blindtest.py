"""BlindTest ("Vision language models are blind", Rahmanzadehgervi et al. 2024, arXiv:2407.06581): seven simple tasks.

Three forms are read: the hub's set, which carries every answer; the authors' repository, whose pictures lie under
TASK/images/; and a folder with samples.json, a list of {"task", "file", "original"} with the published file names. A file
name carries the true answer of five of the seven tasks; "answer", where the list gives it, comes first.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onevision.bench.rows import Row, field, picture, read_file, read_rows
from onevision.errors import InputError
from onevision.models.pictures import open_picture
from onevision.store import content_id
from onevision.types import Problem

HUB = "XAI/vlmsareblind"

PROMPTS = {
    "LineIntersection": "Count the intersection points where the blue and red lines meet. Put your answer in curly brackets, e.g., {2}.",
    "TouchingCircle": "Are the two circles touching each other? Answer with Yes/No.",
    "CircledWord": "Which letter is being circled?",
    "CountingCircles": "How many {shapes} are in the image? Answer with only the number in numerical format.",
    "CountingRowsAndColumns": "Count the number of rows and columns and answer with numbers in curly brackets. "
    "For example, rows={5} columns={6}",
    "NestedSquares": "Count total number of squares in the image. Answer with only the number in numerical format "
    "in curly brackets e.g. {3}.",
    "SubwayMap": "How many single-colored paths go from {0} to {1}? Answer with a number in curly brackets, e.g., {{3}}",
}


NAMED = {
    "LineIntersection": r"_gt_(\d+)_",
    "TouchingCircle": r"_distance_(-?[\d.]+)\.png",
    "CircledWord": r"text_image_",
    "CountingCircles": r"_numCircles_(\d+)_",
    "CountingRowsAndColumns": r"_grid_(\d+)x(\d+)_",
    "NestedSquares": r"_depth_(\d+)_",
    "SubwayMap": r"_([A-D])_([A-D])_",
}
"""The form of a task's published file names; what it catches is the answer, or the two stations of a map."""


def load(data: Path | None, split: str = "valid") -> list[Problem]:
    """All pictures as problems; where nothing tells the answer it is None, and the verdict will be "could not judge".

    Folders are asked with each task's first published prompt, the hub's rows with their own. All questions about one
    picture are one cluster. Raises InputError for a folder of none of the three forms.
    """
    if data is not None and (data / "samples.json").is_file():
        return [_problem(data, row) for row in read_file(data / "samples.json")]
    if data is not None and (source := _repository(data)):
        return [_problem(source, row) for row in _published(source)]
    rows, folder = read_rows(data, ("samples.json", "src/TASK/images"), HUB, split)
    return [_hub_problem(index, row, folder, split) for index, row in enumerate(rows)]


def _repository(data: Path) -> Path | None:
    """The folder of the task folders, if this is a checkout of the authors' repository."""
    return next((root for root in (data, data / "src") if any((root / task / "images").is_dir() for task in PROMPTS)), None)


def _published(source: Path) -> Iterator[dict[str, str]]:
    """The repository keeps a picture once for every model that was asked and whether it was right: each is taken once."""
    for task, pattern in NAMED.items():
        seen = set()
        for path in sorted((source / task / "images").rglob("*.png")):
            name = path.relative_to(source).as_posix()
            if re.search(pattern, name) and (content := content_id(path.read_bytes())) not in seen:
                seen.add(content)
                yield {"task": task, "file": name, "original": name}


def _hub_problem(index: int, row: Row, folder: Path, split: str) -> Problem:
    images = picture(row, folder, "image")
    meta: dict[str, Any] = {"task": field(row, "task"), "cluster": f"blindtest-{content_id(images[0].tobytes())[:16]}"}
    return Problem(f"blindtest-{index}", images, field(row, "prompt"), None, str(field(row, "groundtruth")), "blindtest", split, meta)


def _problem(folder: Path, row: Row) -> Problem:
    task, name, file = (field(row, column) for column in ("task", "original", "file"))
    if task not in NAMED:
        raise InputError(f"BlindTest has no task {task!r}: one of {', '.join(NAMED)}")
    match = re.search(NAMED[task], name)
    if not match:
        raise InputError(f"BlindTest file name {name!r} does not have the published form {NAMED[task]!r}")
    question = PROMPTS[task]
    if task == "CountingCircles":
        question = question.format(shapes="pentagons" if "pentagons" in name else "circles")
    if task == "SubwayMap":
        question = question.format(*match.groups())
    answer = row.get("answer") or _gold(task, match.groups())
    images = (open_picture(folder / file),)
    return Problem(f"blindtest-{file}", images, question, answer=answer, source="blindtest", split="valid", meta={"task": task})


def _gold(task: str, caught: tuple[str, ...]) -> str | None:
    """The answer that a published file name carries."""
    if task in ("SubwayMap", "CircledWord"):
        return None
    if task == "TouchingCircle":  # the gap in diameters: touching at 0, overlapping below
        return "Yes" if float(caught[0]) <= 0 else "No"
    return ",".join(caught)
