from collections import Counter

import pytest

from onevision.formal import figure
from onevision.tasks.line_crossings import GRID, PALETTE, QUESTIONS, LineCrossings


def test_known_prompts_are_asked_as_they_are() -> None:
    asked = [wording.format(a="blue", b="red") for wording in QUESTIONS]
    assert "Count the intersection points where the blue and red lines meet. Put your answer in curly brackets, e.g., {2}." in asked
    assert "How many times do the blue and red lines touch each other? Answer with a number in curly brackets, e.g., {5}." in asked
    assert len(set(asked)) >= 5


@pytest.mark.parametrize(("level", "gap"), [(1, 3), (2, 2), (3, 1), (4, 1), (5, 1)])
def test_lines_span_the_grid_and_never_meet_at_a_point(level: int, gap: int) -> None:
    task = LineCrossings(levels=(level,), size=(60, 90))
    for index in range(80):
        first, second = figure.parse(task.item(index).description.text)
        assert [point[0] for point in first.objects] == [point[0] for point in second.objects]
        assert (first.objects[0][0], first.objects[-1][0]) == (0, GRID)
        for (_, a), (_, b) in zip(first.objects, second.objects, strict=True):
            assert abs(int(a) - int(b)) >= gap
            assert {int(a), int(b)} <= set(range(GRID + 1))
        colours = [statement.subject.split()[0] for statement in (first, second)]
        assert colours == sorted(colours, key=PALETTE.index)
        assert level > 3 or colours == ["blue", "red"]


def test_counts_are_even_at_the_benchmarks_level() -> None:
    task = LineCrossings(levels=(3,), size=(60, 60))
    answers = Counter(task.item(index).answer for index in range(300))
    assert set(answers) == {"0", "1", "2"}
    assert min(answers.values()) > 70


def test_steps_count_the_changes() -> None:
    for index in range(60):
        item = LineCrossings(size=(60, 60)).item(index)
        assert item.steps.count("change ") == int(item.answer)


def test_pixels_are_where_the_description_says() -> None:
    task = LineCrossings(levels=(3,), size=(480, 480), blindtest=1.0)
    for index in range(12):
        item = task.item(index)
        for statement, pure in zip(figure.parse(item.description.text), ((0, 0, 255), (255, 0, 0)), strict=True):
            for x, y in statement.objects:
                px, py = (min(478, max(1, round(480 * int(v) / GRID))) for v in (x, y))
                around = item.image.crop((px - 4, py - 4, px + 5, py + 5))
                seen = {colour for _, colour in around.getcolors(100)}
                assert any(max(abs(a - b) for a, b in zip(colour, pure, strict=True)) < 90 for colour in seen)
