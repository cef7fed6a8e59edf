from collections import Counter

import numpy as np
import pytest

from onevision.formal import scene
from onevision.tasks.lone_shape import ABSENT, COLOUR, EASY_VQA_COLOURS, GRID, PALETTE, PRESENT, SHAPE, SHAPES, LoneShape


def test_easy_vqas_words_are_among_ours() -> None:
    assert {"is there a {what} in the image?", "is a {what} present?"} < set(PRESENT)
    assert {"does the image not contain a {what}?", "is no {what} present?"} < set(ABSENT)
    assert "what is the {colour} shape?" in SHAPE and "what is the color of the {shape}?" in COLOUR
    assert set(EASY_VQA_COLOURS) == set(PALETTE)


@pytest.mark.parametrize("level", [1, 5])
def test_the_shape_lies_whole_in_its_place(level: int) -> None:
    """Measured in pixels, on white; the palest colour has a dark channel."""
    task = LoneShape(levels=(level,), size=(150, 250), variety=0, easy_vqa=0.0)
    for item in map(task.item, range(60)):
        (there,) = scene.parse(item.description.text)
        ys, xs = np.nonzero(np.asarray(item.image).astype(int).min(-1) < 190)
        width, height = item.image.size
        middle = ((xs.min() + xs.max() + 1) / 2 * GRID / width, (ys.min() + ys.max() + 1) / 2 * GRID / height)
        assert abs(middle[0] - there.column - 0.5) < 0.56 and abs(middle[1] - there.row - 0.5) < 0.56, item
        wide, high = xs.max() + 1 - xs.min(), ys.max() + 1 - ys.min()
        filled = {"circle": np.pi / 4, "rectangle": 1.0, "triangle": 0.5}[there.shape]
        assert len(xs) / (wide * high) == pytest.approx(filled, abs=0.16), item


def test_all_kinds_are_asked_and_yes_is_as_frequent_as_no() -> None:
    items = [LoneShape(size=(60, 60)).item(index) for index in range(600)]
    assert {item.ask["query"] for item in items} == {"present", "absent", "shape", "colour"}
    assert {item.answer for item in items} == {"Yes", "No", *SHAPES, *PALETTE}
    for query in ("present", "absent"):
        answers = Counter(item.answer for item in items if item.ask["query"] == query)
        assert 0.4 < answers["Yes"] / answers.total() < 0.6


def test_what_is_seen_and_asked_decides_the_answer() -> None:
    for item in map(LoneShape(size=(60, 60)).item, range(200)):
        if item.answer not in ("Yes", "No"):
            continue
        (there,) = scene.parse(item.description.text)
        compared, *negated = item.steps.splitlines()
        (seen, asked), found = compared.split(": ")[0].removeprefix("seen ").split(", asked "), compared.split(": ")[1]
        assert set(seen.split()) <= {there.colour, there.shape} and (seen == asked) == (found == "yes")
        assert [item.answer.lower()] == [line.rsplit(maxsplit=1)[-1] for line in negated or [compared]]
        assert bool(negated) == (item.ask["query"] == "absent")
