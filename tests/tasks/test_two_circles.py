from collections import Counter

import numpy as np
import pytest

from onevision.formal import figure
from onevision.tasks.two_circles import BLINDTEST_COLOURS, GRID, QUESTIONS, TwoCircles


def test_known_prompts_are_asked_as_they_are() -> None:
    assert "Are the two circles touching each other? Answer with Yes/No." in QUESTIONS["touching"]
    assert "Are the two circles overlapping? Answer with Yes/No." in QUESTIONS["overlapping"]
    assert all(len(set(wordings)) >= 5 for wordings in QUESTIONS.values())


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_exact_touching_is_hard_and_never_asked_for_overlap(level: int) -> None:
    task = TwoCircles(levels=(level,), size=(80, 120))
    items = [task.item(index) for index in range(150)]
    seen = {(item.ask["query"], figure.parse(item.description.text)[2].relation) for item in items}
    assert ("overlapping", "touches") not in seen
    assert (("touching", "touches") in seen) == (level >= 4)


def test_yes_and_no_are_even() -> None:
    for query in QUESTIONS:
        items = [item for item in map(TwoCircles(size=(60, 60)).item, range(400)) if item.ask["query"] == query]
        assert 0.4 < Counter(item.answer for item in items)["Yes"] / len(items) < 0.6


def test_cells_and_relation_hold_in_the_picture() -> None:
    """Measured in BlindTest's style, where both circles are filled and pure in colour."""
    task = TwoCircles(levels=(4,), size=(800, 800), blindtest=1.0)
    for index in range(40):
        item = task.item(index)
        blue, pink, relation = figure.parse(item.description.text)
        pixels = np.asarray(item.image).astype(int)
        masks = [np.abs(pixels - BLINDTEST_COLOURS[name]).max(-1) < 40 for name in ("blue", "pink")]
        ys, xs = np.nonzero(masks[1])  # drawn last, so whole
        radius = (xs.max() - xs.min() + 1) / 2
        centre = np.array([xs.min() + radius, ys.min() + radius])
        mirrored = 800 - centre
        for statement, at in ((pink, centre), (blue, mirrored)):
            cell = np.array(statement.objects[0])
            assert (np.abs(at * GRID / 800 - (cell + 0.5)) <= 0.56).all()
        gap = float(np.hypot(*(centre - mirrored))) - 2 * radius
        expected = "touches" if abs(gap) < 2.8 else "overlaps" if gap < 0 else "apart from"
        assert relation.relation == expected, gap


def test_all_circles_keep_to_the_page() -> None:
    task = TwoCircles(levels=(1, 5), size=(100, 140), variety=0, blindtest=0.0)
    for index in range(150):
        pixels = np.asarray(task.item(index).image).astype(int)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        # A circle may touch the border, but a clipped one would show a long chord there.
        assert (border.min(-1) < 128).sum() < 24
