"""Answers that hold several: words, letters, pairs, named values."""

import pytest

from onevision.answers import grade_answer

SNAIL = "To whom do the arrows lead from the snail?"
GEARS = "Name every gear that turns against the hands of a clock, alphabetically."
GRID = "Count the rows and the columns, as rows,columns"

CASES = [
    (SNAIL, "mole, shrew", ("shrew, mole", "the mole and the shrew", "It is the mole and the shrew."), 1.0),
    (SNAIL, "mole, shrew", ("mole", "mole, shrew, fox", "the shrew", "shrew and fox"), 0.0),
    (SNAIL, "mole, shrew", ("The arrows lead to the mole and the shrew.",), None),
    (SNAIL, "mole", ("mole, shrew",), 0.0),
    ("Where is it?", "Paris, France", ("Paris",), None),
    ("Where is it?", "Paris", ("Paris, France",), None),
    (GEARS, "P, X", ("The gears P and X turn counterclockwise.", "X and P"), 1.0),
    (GEARS, "P, X", ("P", "The gears P, X and Q turn.", "Gears P and Q turn so."), 0.0),
    (GEARS, "P, X", ("The gears P and X do not turn so.",), None),
    (GEARS, "X", ("A, X",), 0.0),
    (GEARS, "A, X", ("X",), 0.0),
    (GRID, "3,5", ("3,5", "3 and 5", "5 columns and 3 rows"), 1.0),
    (GRID, "3,5", ("15/2", "15", "5,3", "\\frac{3}{5}"), 0.0),
    (None, "x=3, y=4", ("3,4", "y=4, x=3"), 1.0),
    (None, "x=3, y=4", ("4,3",), 0.0),
    (None, "x_1=3, x_2=4", ("4,3",), 1.0),
]


@pytest.mark.parametrize(("question", "gold", "texts", "score"), CASES)
def test_lists(question: str | None, gold: str, texts: tuple[str, ...], score: float | None) -> None:
    for text in texts:
        assert grade_answer(f"<answer>{text}</answer>", gold, question=question).score == score, text
