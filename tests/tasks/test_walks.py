"""Walks down a list say on every line what is compared, and end right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevision.tasks import walks

NAMES = st.lists(st.sampled_from("ABCDEFGH"), min_size=1, max_size=8, unique=True)


@given(NAMES, st.data())
def test_find_stops_at_the_one_asked_for(names, data):
    asked = data.draw(st.sampled_from(names))
    lines = walks.find({f"{name} {k}": name for k, name in enumerate(names)}, asked).splitlines()
    assert [line.endswith("? yes") for line in lines] == [False] * names.index(asked) + [True]
    assert all(f"- {name} {k} = {asked}? " in line for k, (name, line) in enumerate(zip(names, lines, strict=False)))


def test_find_wants_one_that_is_there():
    with pytest.raises(ValueError, match="'Z'"):
        walks.find({"A 1": "A"}, "Z")


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.booleans()), min_size=1))
def test_count_counts_as_it_goes(rows):
    lines = walks.count(rows, "> 5").splitlines()
    assert [int(line.split()[-1]) for line in lines] == [sum(hit for _, hit in rows[: k + 1]) for k in range(len(rows))]
    assert all(line.startswith(f"- {name} > 5? {'yes' if hit else 'no'} ") for line, (name, hit) in zip(lines, rows, strict=True))


@given(NAMES, st.booleans(), st.data())
def test_best_compares_with_the_best_so_far(names, least, data):
    numbers = data.draw(st.lists(st.integers(0, 99), min_size=len(names), max_size=len(names), unique=True))
    lines = walks.best(dict(zip(names, numbers, strict=True)), least).splitlines()
    assert lines[0] == f"- {names[0]} {numbers[0]}"
    for k, line in enumerate(lines[1:], start=1):
        best = (min if least else max)(numbers[:k])
        better = numbers[k] < best if least else numbers[k] > best
        sign = "<" if least else ">"
        assert line == f"- {names[k]} {numbers[k]} {sign} {names[numbers.index(best)]} {best}? {'yes' if better else 'no'}"
