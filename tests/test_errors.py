import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevision.errors import unknown_name

KNOWN = ("chain", "scene", "bar_chart")


@pytest.mark.parametrize(("name", "near"), [("chian", "chain"), ("bar-chart", "bar_chart"), ("nope", None), ("", None)])
def test_a_name_that_is_near_one_is_asked_about(name, near):
    text = str(unknown_name("task", name, KNOWN))
    assert (f"did you mean {near!r}?" in text) if near else ("did you mean" not in text)


@given(st.text())
def test_the_name_and_all_there_are_stand_in_one_line(name):
    text = str(unknown_name("task", name, KNOWN))
    assert repr(name) in text and all(one in text for one in KNOWN)
    assert len(text.splitlines()) == 1
