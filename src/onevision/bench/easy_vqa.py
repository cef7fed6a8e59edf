"""easy-VQA (Zhou 2019): one coloured shape in a 64-pixel picture; the package easy-vqa ships all 5,000 pictures."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from onevision.errors import InputError, MissingPartError
from onevision.models.pictures import open_picture
from onevision.types import Problem

SHAPES = ("circle", "rectangle", "triangle")


def load(data: Path | None, split: str) -> list[Problem]:
    """test (1,000 pictures) or train (4,000), several questions a picture. data: a folder laid out as the package's own."""
    folder = (data or _packaged()) / split
    questions = folder / "questions.json"
    if not questions.is_file():
        raise InputError(f"{folder} holds no questions.json; leave --data out to take the package easy-vqa")
    try:
        rows = [(question, answer, number) for question, answer, number in json.loads(questions.read_text(encoding="utf-8"))]
    except (ValueError, TypeError):
        raise InputError(f"{questions}: a JSON list of [question, answer, picture] was expected") from None
    images = {number: open_picture(folder / "images" / f"{number}.png") for number in {row[2] for row in rows}}
    return [_problem(index, row, images, split) for index, row in enumerate(rows)]


def _problem(index: int, row: tuple[str, str, int], images: dict[int, Any], split: str) -> Problem:
    question, answer, number = row
    kind = "yes or no" if answer in ("yes", "no") else "shape" if answer in SHAPES else "colour"
    meta = {"kind": kind, "cluster": f"easy-vqa-{split}-{number}"}
    return Problem(f"easy-vqa-{split}-{index}", (images[number],), question, None, answer, "easy-vqa", split, meta)


def _packaged() -> Path:
    try:
        return Path(str(files("easy_vqa"))) / "data"
    except ModuleNotFoundError:
        raise MissingPartError("easy-VQA ships as a package: pip install easy-vqa, or 'onevision[bench]'") from None
