"""BlindTest ("Vision language models are blind", Rahmanzadehgervi et al. 2024): real pictures from a folder.

The folder holds samples.json, a list of {"task", "file", "original"}: `original` is the published file name, which
carries the true answer of five of the seven tasks; "answer", where the list gives it, comes first.
"""

import json
import re
from pathlib import Path

from onevision.errors import InputError
from onevision.models.pictures import open_picture
from onevision.types import Problem

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


def load(folder: Path) -> list[Problem]:
    """The folder's pictures as problems, asked with each task's first published prompt; where neither the list nor
    the published name tells the answer it is None, and the verdict will be "could not judge".

    Raises InputError when the folder has no samples.json.
    """
    listing = folder / "samples.json"
    if not listing.is_file():
        raise InputError(f"no BlindTest in {folder}: a folder with samples.json and the pictures was expected")
    return [_problem(folder, row) for row in json.loads(listing.read_text())]


def _problem(folder: Path, row: dict[str, str]) -> Problem:
    task, name = row["task"], row["original"]
    question = PROMPTS[task]
    if task == "CountingCircles":
        question = question.format(shapes="pentagons" if "pentagons" in name else "circles")
    if task == "SubwayMap":
        question = question.format(*_found(r"_([A-D])_([A-D])_", name))
    image = open_picture(folder / row["file"])
    return Problem(row["file"], (image,), question, answer=row.get("answer") or _gold(task, name), source=f"blindtest/{task}", split="test")


def _gold(task: str, name: str) -> str | None:
    """The answer that a published file name carries."""
    if task == "LineIntersection":
        return _found(r"_gt_(\d+)_", name)[0]
    if task == "TouchingCircle":  # the gap in diameters: touching at 0, overlapping below
        return "Yes" if float(_found(r"_distance_(-?[\d.]+)\.png", name)[0]) <= 0 else "No"
    if task == "CountingCircles":
        return _found(r"_numCircles_(\d+)_", name)[0]
    if task == "CountingRowsAndColumns":
        return ",".join(_found(r"_grid_(\d+)x(\d+)_", name))
    if task == "NestedSquares":
        return _found(r"_depth_(\d+)_", name)[0]
    return None


def _found(pattern: str, name: str) -> tuple[str, ...]:
    match = re.search(pattern, name)
    if not match:
        raise InputError(f"BlindTest file name {name!r} does not have the published form {pattern!r}")
    return match.groups()
