"""Letters, notes, squares and names with numbers."""

import pytest

from onevision.answers import grade_answer

NOTE = "Which note is the first one?"
SQUARE = "On which square is the checking piece?"
STOP = "Which one is at Pier at 8:15?"
LETTER = "Which letter does not fit?"

CASES = [
    (NOTE, "D", ("D", "d", "It is a D.", "D natural", "D4", "The note is D"), 1.0),
    (NOTE, "D", ("D sharp", "D flat", "D♭", "D#", "Db", "C", "5", "the highest one"), 0.0),
    (NOTE, "D", ("It is D, not D sharp.",), None),
    (NOTE, "D flat", ("Db", "D♭", "D-flat", "d flat", "$D\\flat$", "The first note is a D♭."), 1.0),
    (NOTE, "D flat", ("D", "D sharp", "Eb", "flat"), 0.0),
    (NOTE, "F sharp", ("F#", "F♯", "$F^{\\#}$", "f sharp"), 1.0),
    (NOTE, "A", ("A", "a", "It is an A.", "The lowest note is A."), 1.0),
    (NOTE, "A", ("A flat", "Ab", "It is an A flat."), 0.0),
    (SQUARE, "e5", ("e5", "E5", "on e5", "square e5", "It stands on e5."), 1.0),
    (SQUARE, "e5", ("5e", "e4", "e", "5"), 0.0),
    (SQUARE, "a1", ("a", "1a", "1"), 0.0),
    (SQUARE, "e5", ("The piece on e5 attacks the king on g7.",), None),
    (STOP, "Bus 27", ("27", "Bus 27", "bus 27", "Bus 27 is at Pier.", "the bus number 27"), 1.0),
    (STOP, "Bus 27", ("Tram 27", "28", "Bus 28", "Bus", "27 km"), 0.0),
    (STOP, "Bus 27", ("the 27 bus", "Bus 27 or Bus 28"), None),
    (STOP, "Bus 8", ("8 Bus",), None),
    (LETTER, "C", ("A triangle is drawn at C", "It is a C"), 1.0),
    (LETTER, "C", ("A and C", "13:00"), 0.0),
]


@pytest.mark.parametrize(("question", "gold", "texts", "score"), CASES)
def test_names(question: str, gold: str, texts: tuple[str, ...], score: float | None) -> None:
    for text in texts:
        assert grade_answer(f"<answer>{text}</answer>", gold, question=question).score == score, text


ODD = (
    "{} is the odd one out", "{} does not fit.", "Option {} has four dots", "The item labeled {} is different.", "{} was the odd one",
    "It is {} because the others are red", "Panel {} completes it",
)  # fmt: skip


@pytest.mark.parametrize("form", ODD)
def test_a_is_a_letter_as_b_is(form: str) -> None:
    for text in (form, f"<answer>{form}</answer>"):
        scores = [grade_answer(text.format(said), gold, question=LETTER).score for gold in "AB" for said in "AB"]
        assert scores == [1.0, 0.0, 0.0, 1.0], text


def test_a_named_option_may_be_a() -> None:
    for gold in "AB":
        assert grade_answer(f"<answer>{gold} is the largest</answer>", gold, ("circle", "square", "star")).score == 1.0
