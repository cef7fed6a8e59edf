"""Numbers in sentences: signs, mixed numbers, ordinals."""

import pytest

from onevision.answers import grade_answer
from onevision.answers.clean import normal, tidy

CASES = [
    ("The slope is $-\\frac{3}{2}$.", "-3/2", 1.0), ("The slope is $-\\frac{3}{2}$.", "3/2", 0.0),
    ("The slope is −½", "-1/2", 1.0), ("The slope is −½", "1/2", 0.0), ("It is $- 5$", "-5", 1.0), ("It is $- 5$", "5", 0.0),
    ("Circles - 5", "5", 1.0), ("It is 8 - 5", "-5", 0.0),
    ("1\\frac{1}{2}", "11/2", 0.0), ("1½", "11/2", 0.0), ("1 1/2", "11/2", 0.0), ("1½", "3/2", 1.0), ("-1½", "-1.5", 1.0),
    ("23/4", "2\\frac{3}{4}", 0.0), ("11/4", "2\\frac{3}{4}", 1.0),
    ("The area is 12½.", "12.5", 1.0), ("The area is $12\\frac{1}{2}$ cm.", "12.5", 1.0), ("1⅜", "1.375", 1.0), ("⅖", "0.4", 1.0),
    ("the twenty-second", "20", 0.0), ("It is two-thirds of it", "2", 0.0), ("a five-sided figure", "5", 1.0),
    ("12:01", "12", 0.0), ("1:00", "12", 0.0), ("24:12", "2", 0.0), ("2:1", "2", 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "gold", "score"), CASES)
def test_signs_and_mixed_numbers(text: str, gold: str, score: float) -> None:
    assert grade_answer(f"<answer>{text}</answer>", gold).score == score


@pytest.mark.parametrize(("text", "plain"), [("-\\frac12", "-1/2"), ("2\\frac12", "2 1/2"), ("2½", "2 1/2"), ("x^½", "x^\\frac{1}{2}")])
def test_a_fraction_stands_off_digits_and_not_off_signs(text: str, plain: str) -> None:
    assert tidy(text) == plain


def test_formulas_keep_the_space_between_two_numbers() -> None:
    assert (normal("1 1/2"), normal("x + 1")) == ("1 1/2", "x+1")


DATES = [
    ("22nd", 1.0), ("the 22nd", 1.0), ("March 22nd", 1.0), ("The 22nd of March", 1.0), ("22", 1.0), ("20+2", 1.0),
    ("the 21st", 0.0), ("21", 0.0), ("the 2nd", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("said", "score"), DATES)
def test_an_ordinal_is_a_date(said: str, score: float) -> None:
    question = "What is the date of the second Saturday of the month?"
    assert grade_answer(f"<answer>{said}</answer>", "22", question=question).score == score


def test_an_ordinal_is_no_count() -> None:
    assert grade_answer("<answer>the 22nd</answer>", "22", question="How many circles are there?").score == 0.0
