"""Letters beside contents, sets of letters, and options that are letters themselves."""

import pytest

from onevision.answers import grade_answer
from onevision.answers.choices import choices_in, gold_letters, split_choices

NUMBERS = ("3", "4", "5", "6")
LETTERS = ("B", "C", "A")
VITAMINS = ("Vitamin C", "Vitamin A", "Vitamin B", "Vitamin D")

CASES = [
    ("There are 4 bars, so option C.", "C", NUMBERS, None), ("There are 4 bars, so option C.", "B", NUMBERS, None),
    ("There are 4 bars, so option C.", "D", NUMBERS, 0.0),
    ("C because there are 4 circles", "C", NUMBERS, 1.0), ("C because there are 4 circles", "B", NUMBERS, 0.0),
    ("The answer 4 is option B", "B", NUMBERS, 1.0),
    ("vitamin C", "A", VITAMINS, 1.0), ("It is vitamin C", "A", VITAMINS, 1.0), ("It is vitamin C", "C", VITAMINS, 0.0),
    ("All but C", "C", NUMBERS, 0.0), ("A and E", "A", (*NUMBERS, "7"), 0.0),
    ("The correct options are A and C.", "A, C", NUMBERS, 1.0), ("C and A", "A, C", NUMBERS, 1.0), ("A, B and C", "A, C", NUMBERS, 0.0),
    ("C and A", "C, A", NUMBERS, 1.0), ("All but A and C", "A, C", NUMBERS, 0.0), ("A and C are wrong", "A, C", NUMBERS, 0.0),
    ("A", "A", LETTERS, 1.0), ("A. B", "A", LETTERS, 1.0), ("(A)", "A", LETTERS, 1.0), ("C", "A", LETTERS, 0.0),
    ("B", "A", LETTERS, None), ("B", "B", LETTERS, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "gold", "choices", "score"), CASES)
def test_letters_and_contents(text: str, gold: str, choices: tuple[str, ...], score: float | None) -> None:
    assert grade_answer(f"<answer>{text}</answer>", gold, choices).score == score


def test_a_gold_letter_is_a_letter_first() -> None:
    assert gold_letters("A", LETTERS) == {"A"}
    assert gold_letters("(b)", ("(c)", "(a)", "(b)")) == {"C"}


def test_questions_are_taken_apart() -> None:
    assert split_choices("Which? (A) red (B) blue") == ("Which?", ("red", "blue"))
    assert choices_in("这是什么颜色？ A. 红色 B. 蓝色") == ("红色", "蓝色")
    assert split_choices("Which of A and B?") == ("Which of A and B?", None)
