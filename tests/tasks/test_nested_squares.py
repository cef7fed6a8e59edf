from collections import Counter

import numpy as np
import pytest

from onevision.tasks.nested_squares import QUESTIONS, NestedSquares


def test_known_prompts_are_asked_as_they_are() -> None:
    assert (
        "Count total number of squares in the image. "
        "Answer with only the number in numerical format in curly brackets e.g. {3}." in QUESTIONS
    )
    assert "How many squares are in the image? Please answer with a number in curly brackets e.g., {10}." in QUESTIONS
    assert len(set(QUESTIONS)) >= 5


@pytest.mark.parametrize(("level", "low", "high"), [(1, 1, 4), (2, 2, 5), (3, 2, 5), (4, 2, 6), (5, 3, 8)])
def test_counts_by_level_are_even(level: int, low: int, high: int) -> None:
    task = NestedSquares(levels=(level,), size=(60, 90))
    answers = Counter(int(task.item(index).answer) for index in range(240))
    assert set(answers) == set(range(low, high + 1))
    assert max(answers.values()) < 1.6 * 240 / (high - low + 1)


def _dark_runs(line: np.ndarray, threshold: int) -> int:
    dark = np.concatenate([[False], line < threshold])
    return int((dark[1:] & ~dark[:-1]).sum())


@pytest.mark.parametrize("level", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [112, 168, 400])
def test_every_square_is_seen_and_touches_no_other(level: int, size: int) -> None:
    """From the page's left edge to its right through the innermost square there are two lines for each square."""
    task = NestedSquares(levels=(level,), size=(size, size), variety=0)
    for index in range(40):
        item = task.item(index)
        x, y, _ = item.probes[0]
        gray = np.asarray(item.image).astype(int).min(-1)
        for line in (gray[y], gray[:, x]):
            counts = {_dark_runs(line, threshold) for threshold in (225, 170)}
            assert 2 * int(item.answer) in counts, (index, item.answer, counts)


def test_turned_and_filled_squares_stay_on_the_page() -> None:
    task = NestedSquares(levels=(5,), size=(150, 150))
    for index in range(80):
        pixels = np.asarray(task.item(index).image).astype(int)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert np.abs(border - np.median(border, axis=0)).max() < 75
