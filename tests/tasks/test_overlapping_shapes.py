import random

import numpy as np
import pytest

from onevision.formal import figure
from onevision.tasks.overlapping_shapes import CORNERS, QUESTIONS, OverlappingShapes, _rows


@pytest.mark.parametrize("shapes", ["circles", "pentagons"])
def test_known_prompts_are_asked_as_they_are(shapes: str) -> None:
    asked = [wording.format(shapes=shapes) for wording in QUESTIONS]
    assert f"How many {shapes} are in the image? Answer with only the number in numerical format." in asked
    assert f"Count the {shapes} in the image. Answer with a number in curly brackets e.g. {{3}}." in asked
    assert len(set(asked)) >= 5


@pytest.mark.parametrize("total", range(1, 15))
@pytest.mark.parametrize("most", [1, 2, 3])
def test_rows_are_even_and_not_too_long(total: int, most: int) -> None:
    rows = _rows(random.Random(total), total, most)
    assert sum(rows) == total
    assert min(rows) > 0
    assert max(rows) - min(rows) <= 1
    assert max(rows) <= 7
    assert len(rows) <= max(most, 2)


@pytest.mark.parametrize(("level", "low", "high"), [(1, 1, 4), (2, 1, 6), (3, 2, 9), (4, 2, 9), (5, 3, 14)])
def test_counts_by_level(level: int, low: int, high: int) -> None:
    items = [OverlappingShapes(levels=(level,), size=(100, 140)).item(index) for index in range(200)]
    assert {int(item.answer) for item in items} == set(range(low, high + 1))
    assert {item.ask["shape"] for item in items} == set(list(CORNERS)[: 2 if level < 4 else 5])


def _parts(mask: np.ndarray) -> int:
    """4-connected parts of the true pixels."""
    left, parts = {(int(y), int(x)) for y, x in zip(*np.nonzero(mask), strict=True)}, 0
    while left:
        parts, stack = parts + 1, [left.pop()]
        while stack:
            y, x = stack.pop()
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in left:
                    left.remove(near)
                    stack.append(near)
    return parts


def test_apart_shapes_enclose_as_many_pieces_of_page() -> None:
    task = OverlappingShapes(levels=(1,), size=(160, 160))
    for index in range(25):
        item = task.item(index)
        page = np.asarray(item.image).min(-1) > 170
        assert _parts(page) == 1 + int(item.answer)


def test_nothing_is_drawn_over_the_edge() -> None:
    for index in range(80):
        item = OverlappingShapes(levels=(2, 5), size=(160, 200), variety=0).item(index)
        pixels = np.asarray(item.image).astype(int)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert (border.min(-1) > 100).all()


def test_rows_add_up_in_the_steps() -> None:
    for index in range(60):
        item = OverlappingShapes(size=(60, 60)).item(index)
        counts = [len(row.objects) for row in figure.parse(item.description.text)]
        assert len(counts) == 1 or item.steps == f"{'+'.join(map(str, counts))}={item.answer}"
