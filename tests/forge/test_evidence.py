"""Calculations found and checked; numbers and labels that have ground and that have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevision import tasks
from onevision.forge.calculations import calculations, plain
from onevision.forge.draft import Draft, Thought
from onevision.forge.evidence import objection
from onevision.models.prompts import parse
from onevision.types import Description, Problem

TABLE = "Day,Tickets\nMon,1250\nTue,340\nWed,0.75"


def objected(steps, description=TABLE, question="How many?", choices=None, formalism="csv"):
    problem = Problem("p", (), question, choices, "17")
    found = objection(Draft(0, problem, description=Description(formalism, description), thoughts=(Thought(steps, "17", "m"),)))
    return found and found[0]


def checked(text):
    return [(one.left, one.right, one.holds) for one in calculations(plain(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3 + 4 = 7", [("3 + 4", "7", True)]),
        ("so 48-20=28 and then", [("48-20", "28", True)]),
        ("$7.77 + $1.55 = $9.32", [("7.77 + 1.55", "9.32", True)]),
        (r"\(12 \times 3 = 35\)", [("12 * 3", "35", False)]),
        (r"\frac{3}{4} = 0.75", [("(3)/(4)", "0.75", True)]),
        ("1,250 + 340 = 1,590 tickets", [("1250 + 340", "1590", True)]),
        ("10 / 3 = 3.33", [("10 / 3", "3.33", True)]),
        ("10 / 3 = 3", [("10 / 3", "3", False)]),
        ("10 / 3 ≈ 3", [("10 / 3", "3", True)]),
        ("1/4 = 25%", [("1/4", "25%", True)]),
        ("2 + 3 = 5 = 10 / 2", [("2 + 3", "5", True), ("5", "10 / 2", True)]),
        ("2x + 3 = 7", []),
        ("x = 5", []),
        ("area = 3 cm * 4 cm = 12 cm", []),
        ("3 + 4 = 7x", []),
        ("3:30 + 15 = 3:45", []),
        ("2 >= 1 + 1", []),
    ],
)
def test_calculations(text, found):
    assert checked(text) == found


@given(st.integers(0, 9999), st.integers(1, 9999), st.sampled_from("+-*"), st.integers(-3, 3))
def test_sums_hold_exactly_when_they_are_right(a, b, sign, off):
    right = {"+": a + b, "-": a - b, "*": a * b}[sign]
    ((_, _, holds),) = checked(f"I see {a} {sign} {b} = {right + off}")
    assert holds == (off == 0)


@given(st.text(max_size=80))
def test_any_text_can_be_looked_at(text):
    list(calculations(plain(text)))
    objected(text)


@pytest.mark.parametrize(
    "steps",
    [
        "Mon has 1250 and Tue 340: 1250 + 340 = 1590.",
        "Mon has 1,250 tickets.",
        "Together 1250 and 340 are 1590.",
        "Mon has 910 more than Tue, as 1250 and 340 show.",
        "75% on Wed",
        "1. Mon\n2. Tue\nThere are 3 days.",
        "The mean of 1250 and 340 is 795.",
        '"Tickets" of Mon',
    ],
)
def test_what_has_ground(steps):
    assert objected(steps) is None


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ("Mon has 1260 tickets.", "number without ground"),
        ("1250 + 340 = 1580", "wrong calculation"),
        ("1250 + 350 = 1600", "number without ground"),
        ("On Fri we see that Friedrich has some.", "label without ground"),
        ('The row "Thursday" says so.', "label without ground"),
    ],
)
def test_what_has_none(steps, found):
    assert objected(steps) == found


def test_points_and_options():
    assert objected("AB is 5", "A B: 5", formalism="figure") is None
    assert objected("AD is 5", "A B: 5", formalism="figure") == "label without ground"
    assert objected("so it is C", "A B: 5", choices=("1", "2", "3"), formalism="figure") is None


@pytest.mark.parametrize("name", ["chain", "scene", "bar_chart", "clock", "table_lookup", "line_crossings", "nested_squares", "grid_size"])
def test_the_tasks_own_steps_have_ground(name):
    task = tasks.make(name, size=(56, 84))
    for sample in (task.sample(index) for index in range(12)):
        steps = parse(sample.messages[-1]["content"]).steps
        draft = Draft(0, sample.problem, description=sample.description, thoughts=(Thought(steps, "", ""),))
        assert objection(draft) is None, (sample.problem.id, steps)


def test_numbers_beyond_all_floats_are_no_crash():
    assert checked("10^400 / 3 = 3.5") == checked("2^2000 * 0.5 = 1.0") == checked("10^400 = 10^400") == []
    assert objected("10^400 / 3 = 3.5") == "number without ground"
    for digits in ("1" * 400, "1" * 5000):
        assert objected("3", description=f"{digits}/3") is None
