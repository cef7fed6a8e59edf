"""easy-VQA's train split with thoughts, for the figure of a model that may learn from it.

    python benchmarks/easy_vqa_thoughts.py runs/easy-vqa.parquet
    onevision train recipes/nano-easy-vqa.yaml
    onevision bench easy-vqa --model runs/nano-easy-vqa

The package gives answers alone. What a picture shows follows from all the answers to its questions, and where it shows it from its
pixels; the Description and the steps are then written as the task `lone_shape` writes its own. A picture whose shape or colour the
answers leave open is left out. The test split is not opened.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL.Image import Image

from onevision.bench.easy_vqa import load
from onevision.formal import scene
from onevision.formal.scene import GRID, SceneObject
from onevision.models.prompts import compose, messages_for
from onevision.sources.onevision import save
from onevision.tasks.lone_shape import PALETTE, SHAPES, compared
from onevision.types import Description, Problem, Sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the parquet file to write")
    args = parser.parse_args()
    problems = sorted(load(None, "train"), key=lambda problem: str(problem.meta["cluster"]))
    pictures = [list(group) for _, group in groupby(problems, key=lambda problem: problem.meta["cluster"])]
    samples = [sample for picture in pictures for sample in taught(picture)]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, samples)
    print(f"{len(samples)} of {len(problems)} questions about {len(pictures)} pictures, in {args.out}")


def taught(problems: Sequence[Problem]) -> Iterator[Sample]:
    """The questions about one picture with their thoughts."""
    colour, shape = settled(problems, PALETTE), settled(problems, SHAPES)
    if colour is None or shape is None:
        return
    column, row = centre(problems[0].images[0])
    description = Description("scene", scene.write((SceneObject(colour, shape, column, row),)))
    for problem in problems:
        answer = str(problem.answer)
        answer = answer.capitalize() if answer in ("yes", "no") else answer
        text = compose(description, steps(problem, colour, shape), answer)
        messages = [*messages_for(problem.images, problem.question, None), {"role": "assistant", "content": text}]
        yield Sample(problem, description, messages, made_by="easy-VQA's answers")


def settled(problems: Sequence[Problem], words: Sequence[str]) -> str | None:
    """Which of the words, colours or shapes, holds of the picture: it was the answer, or all others were denied."""
    left = set(words)
    for problem in problems:
        word = asked(problem.question, words)
        if problem.answer in words:
            left &= {str(problem.answer)}
        elif word and problem.answer in ("yes", "no"):
            there = (problem.answer == "yes") != negated(problem.question)
            left = left & {word} if there else left - {word}
    return left.pop() if len(left) == 1 else None


def asked(question: str, words: Sequence[str]) -> str | None:
    """The one of the words that the question names."""
    return next((word for word in question.rstrip("?").split() if word in words), None)


def negated(question: str) -> bool:
    return bool({"not", "no"} & set(question.split()))


def steps(problem: Problem, colour: str, shape: str) -> str:
    """As `lone_shape` writes them."""
    if problem.meta["kind"] != "yes or no":
        return f"{problem.meta['kind']}: {problem.answer}"
    word = asked(problem.question, (*PALETTE, *SHAPES))
    assert word, problem.question
    seen, what = (colour, f"{word} shape") if word in PALETTE else (shape, word)
    return compared(seen, word, what if negated(problem.question) else None)


def centre(image: Image) -> tuple[int, int]:
    """Column and row of the Description's grid that the shape's middle lies in."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    page = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]), axis=0)
    rows, columns = np.nonzero(np.abs(pixels - page).max(axis=2) > 24)
    return int(GRID * (columns.min() + columns.max() + 1) / 2 / image.width), int(GRID * (rows.min() + rows.max() + 1) / 2 / image.height)


if __name__ == "__main__":
    main()
