import pytest

from onevision.errors import InputError
from onevision.formal import csv
from onevision.tasks.bar_chart import BarChart


@pytest.mark.parametrize(("level", "most"), [(1, 9), (2, 20), (3, 30), (4, 50), (5, 100)])
def test_levels_bound_the_bars_and_their_values(level: int, most: int) -> None:
    task = BarChart(levels=(level,), size=(60, 60))
    fewest, largest = task.configs[level].bars  # type: ignore[attr-defined]
    for index in range(100):
        _, *bars = csv.parse(task.item(index).description.text)
        assert fewest <= len(bars) <= largest
        values = [int(value) for _, value in bars]
        assert min(values) >= 1
        assert max(values) <= most
        assert len(set(values)) == len(values)


def test_heights_are_in_the_ratio_of_the_values() -> None:
    # Upright bars with an axis: each bar's two probes lie just inside and just beyond its end.
    task = BarChart(levels=(4,), printed=0.0, sideways=0.0, variety=0, size=(300, 300))
    for index in range(30):
        item = task.item(index)
        values = [int(value) for _, value in csv.parse(item.description.text)[1:]]
        tops = [(y + beyond) / 2 for (_, y, _), (_, beyond, _) in zip(item.probes[::2], item.probes[1::2], strict=True)]
        low, high = values.index(min(values)), values.index(max(values))
        per_unit = (tops[low] - tops[high]) / (values[high] - values[low])
        for value, top in zip(values, tops, strict=True):
            assert abs(tops[high] + per_unit * (values[high] - value) - top) < 2


def test_all_kinds_of_questions_are_asked_and_counts_vary() -> None:
    items = [BarChart(levels=(4,), size=(60, 60)).item(index) for index in range(300)]
    assert {item.ask["query"] for item in items} == {"read", "most", "least", "sum", "difference", "count"}
    counts = [item.answer for item in items if item.ask["query"] == "count"]
    assert len(set(counts)) >= 5
    assert max(map(counts.count, counts)) < 0.4 * len(counts)


def test_more_bars_than_an_axis_can_tell_apart_are_the_users_error() -> None:
    with pytest.raises(InputError, match="no axis to 5"):
        BarChart(levels=(4,), printed=0.0, bars=(8, 8), letters=1, top=5).item(0)
