"""Yes or no, and times of day."""

import pytest

from onevision.answers import grade_answer

TOUCH = "Do they touch?"
NO = (
    "No", "no!", "No, they do not", "No they do not", "No - they don't", "The answer is no.", "They are apart, so no.",
    "否，它们不相交", "No\nThe gap is wide",
)  # fmt: skip
YES = ("Yes.", "Yes, they touch", "Yes the circles touch", "The circles do touch, so yes.", "是的，它们相交")
NEITHER = ("No picture was provided.", "No clear answer can be given", "No circles are visible here.", "They do not touch each other.")


def score(text: str, gold: str, question: str) -> float | None:
    return grade_answer(f"<answer>{text}</answer>", gold, question=question).score


def test_yes_and_no_are_said() -> None:
    for gold, texts, others in (("No", NO, YES), ("Yes", YES, NO)):
        assert {text: score(text, gold, TOUCH) for text in (*texts, *others)} == dict.fromkeys(texts, 1.0) | dict.fromkeys(others, 0.0)


@pytest.mark.parametrize("text", NEITHER)
def test_a_sentence_that_says_neither_is_not_judged(text: str) -> None:
    assert {score(text, gold, TOUCH) for gold in ("Yes", "No")} == {None}


@pytest.mark.parametrize("text", ["No idea", "5", "blue", "5x", "yes or no"])
def test_what_is_no_sentence_and_says_neither_is_wrong(text: str) -> None:
    assert {score(text, gold, TOUCH) for gold in ("Yes", "No")} == {0.0}


def test_yes_that_is_taken_back_is_not_yes() -> None:
    assert score("Yes... wait, no.", "Yes", TOUCH) is None
    assert grade_answer("Yes... wait, no.", "Yes").score == 0.0
    assert grade_answer("Yes... wait, no.", "No").score == 1.0


def test_times_are_no_ratios_where_a_question_asks_for_a_time() -> None:
    question = "What time is it?"
    assert [score(text, "9:05", question) for text in ("9:5", "9/5", "1.8", "9:50", "9:05")] == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert score("1/20", "1:20", "What is the scale of the map?") == 1.0


@pytest.mark.parametrize("text", ["2 am", "2pm", "2 p.m.", "2 o'clock", "two o'clock", "It is two o'clock.", "2:00 pm"])
def test_full_hours(text: str) -> None:
    assert [score(text, gold, "What time is it?") for gold in ("2:00", "3:00")] == [1.0, 0.0]


def test_a_gold_hour_is_also_its_number() -> None:
    assert [score(text, "5 pm", "When does it close?") for text in ("5 pm", "5", "6 pm", "17:00")] == [1.0, 1.0, 0.0, None]
