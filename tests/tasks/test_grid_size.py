import numpy as np
import pytest

from onevision.formal import figure
from onevision.tasks.grid_size import QUESTIONS, GridSize


def test_known_prompts_are_asked_as_they_are() -> None:
    assert {
        "Count the number of rows and columns and answer with numbers in curly brackets. For example, rows={5} columns={6}",
        "How many rows and columns are in the table? Answer with only the numbers in a pair (row, column), e.g., (5,6)",
    } <= set(QUESTIONS["both"])
    assert all(len(set(wordings)) >= 5 for wordings in QUESTIONS.values())


def _dark_runs(line: np.ndarray) -> int:
    dark = line.sum(-1) < 384
    return int(dark[0]) + int((dark[1:] & ~dark[:-1]).sum())


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("size", [112, 300])
def test_lines_in_the_picture_are_as_many_as_described(level: int, size: int) -> None:
    task = GridSize(levels=(level,), size=(size, size), words=0.0)
    for index in range(30):
        item = task.item(index)
        rows, columns = (len(line.split()) - 1 for line in item.description.text.splitlines())
        pixels = np.asarray(item.image).astype(int)
        x, y = item.probes[-1][:2]
        assert _dark_runs(pixels[y]) == columns + 1
        assert _dark_runs(pixels[:, x]) == rows + 1


def test_grids_of_words_are_as_large_as_others_and_described_like_them() -> None:
    counts = set[int]()
    for index in range(40):
        item = GridSize(levels=(3, 4, 5), words=1.0, size=(112, 168)).item(index)
        rows, columns = (figure.parse(line)[0] for line in item.description.text.splitlines())
        assert (rows.subject, columns.subject) == ("rows", "columns")
        assert rows.objects == tuple(str(k + 1) for k in range(len(rows.objects)))
        counts |= {len(rows.objects), len(columns.objects)}
    assert counts >= set(range(3, 10))


def test_steps_multiply_for_cells() -> None:
    items = [GridSize(size=(60, 60)).item(index) for index in range(60)]
    assert all("*" in item.steps.splitlines()[-1] for item in items if item.ask["query"] == "cells")
    assert {item.ask["query"] for item in items} == set(QUESTIONS)
