"""What is right, what is wrong and what cannot be judged, one line a case."""

import pytest

from onevision.answers import grade, grade_answer
from onevision.types import Problem

TIMES = ("9:00", "9:30", "10:00")
WORDS = ("a red circle", "a blue square", "none of these")
NUMBERS = ("3", "4", "5")
NAMES = ("A", "B", "C", "D", "E")

RIGHT = [
    ("5", "5"), ("5.", "5"), ("(5)", "5"), ("{5}", "5"), ("５", "5"), ("5.0", "5"), ("02", "2"),
    ("There are 5 circles.", "5"), ("five", "5"), ("twenty-five", "25"), ("61 apples", "61"), ("61", "61 apples"),
    ("$5", "5"), ("$5^\\circ$", "5"), ("5°", "5"), ("-5", "−5"), ("minus five", "-5"), ("1,234", "1234"),
    ("1{,}234", "1234"), ("50%", "50"), ("50%", "0.5"), ("50", "50%"), ("$\\frac{3}{4}$", "0.75"), ("2½", "2.5"),
    ("0.3333333", "1/3"), ("5 million", "5000000"), ("1e3", "1000"), ("x = 5", "5"), ("2+3=5", "5"), ("5 cm", "5"),
    ("3 cm^2", "3"), ("\\boxed{5\\text{ cm}}", "5"), ("1/0", "1/0"),
    ("(5, 6)", "5,6"), ("5,6", "(5, 6)"), ("rows={5} columns={6}", "5,6"), ("columns={6} rows={5}", "5,6"),
    ("5,6", "rows={5} columns={6}"), ("5 rows and 6 columns", "5,6"), ("6 columns and five rows.", "5,6"),
    ("5x6", "5,6"), ("The answer is ({5}, {6}).", "5,6"), ("(3, -4)", "(3,-4)"), ("(1,234)", "(1,234)"),
    ("4:30", "04:30"), ("The clock shows 4:30 pm.", "4:30"), ("16:30", "4:30 pm"), ("4 o'clock", "4:00"),
    ("Yes.", "yes"), ("no, they are not", "No"), ("false", "no"), ("是", "yes"), ("不是", "否"),
    ("The answer is no.", "no"), ("**Yes**, they do.", "true"),
    ("triangle", "Triangle"), ('The shape is a "triangle".', "triangle"), ("@", "@"), ("T shirt", "T-shirt"),
    ("So, $x = 7$ and $y = 3$.", "x=7, y=3"), ("The area is thus\n\n$25\\pi$ square cm, as asked.", "25\\pi"),
    ("2+3", "5"), ("500 mm", "0.5 m"), ("1.7321", "\\sqrt{3}"), ("x>3", "(3, \\infty)"), ("1:1", "1"),
    ("1 : 3", "1:3"), ("5 \\pi", "$5\\pi$"), ("\\dfrac{a}{b}", "\\frac{a}{b}"),
    ("k", "K"), ("The circled letter is H.", "h"), ('It is the letter "a"', "A"),
    ("First 4. Wait, actually it is 5.", "5"), ("The answer is 4. Wait, let me recount: it is 5.", "5"),
    ("Having counted each and every one of the shapes twice over, in both directions, I come to 5.", "5"),
]  # fmt: skip
WRONG = [
    ("4", "5"), ("5 or 6", "5"), ("more than 5", "5"), ("5 2", "5"), ("15", "5"), ("1000000", "1000001"),
    ("many", "5"), ("the 5th", "5"), ("-5", "5"), ("1.001", "1"), ("twenty-five", "20"), ("4:30", "4"),
    ("(6,5)", "5,6"), ("5", "5,6"), ("(5,6,7)", "5,6"), ("4:31", "4:30"), ("4:30 am", "4:30 pm"),
    ("no", "yes"), ("yes or no", "yes"), ("crimson", "red"), ("13", "1:3"), ("G", "H"),
    ("x-1", "x+1"), ("3-5", "5"), ("between 4 and 5", "5"), ("5x", "5"), ("6\\pi", "5\\pi"), ("45", "45^2"),
    ("\\frac{a}{23}", "\\frac{a2}{3}"), ("5 cm", "5 m"), ("(0,1)", "[0,1]"), ("1:2", "2:1"), ("Tokyo", "Osaka"),
]  # fmt: skip
UNJUDGED = [
    ("12 oranges", "12 apples"), ("New York", "New York City"),
    ("It looks up.", "a cat that looked up, from where it was sitting on its mat, at the moon over the trees"),
]  # fmt: skip
CHOSEN = [
    ("(B)", "B", TIMES, 1.0), ("B.", "B", TIMES, 1.0), ("b", "B", TIMES, 1.0), ("[B]", "B", TIMES, 1.0),
    ("B: 9:30", "B", TIMES, 1.0), ("B) 9:30", "B", TIMES, 1.0), ("9:30", "B", TIMES, 1.0),
    ("It is 09:30.", "B", TIMES, 1.0), ("\\boxed{\\textbf{(B) } 9:30}", "B", TIMES, 1.0),
    ("**Answer:** B", "B", TIMES, 1.0), ("So option B is right", "B", TIMES, 1.0), ("故选B", "B", TIMES, 1.0),
    ("red circle", "A", WORDS, 1.0), ("I see a red circle here", "A", WORDS, 1.0), ("B", "a blue square", WORDS, 1.0),
    ("5", "C", NUMBERS, 1.0), ("There are five circles", "C", NUMBERS, 1.0), ("5", "5", NUMBERS, 1.0),
    ("The odd figure is D.", "D", NAMES, 1.0), ("No, they do not", "B", ("Yes", "No"), 1.0),
    ("(D)\n\nExplanation: figure C has 3 sides", "D", NAMES, 1.0),
    ("A", "B", TIMES, 0.0), ("A or B", "B", TIMES, 0.0), ("10:00", "B", TIMES, 0.0), ("7", "C", NUMBERS, 0.0),
    ("(A) 9:00 (B) 9:30 (C) 10:00", "B", TIMES, 0.0), ("<answer>(A) 9:00 (B) 9:30</answer>", "B", TIMES, 0.0),
    ("Which?\nA) 9:00\nB) 9:30\nC) 10:00", "C", TIMES, 0.0), ("not a red circle", "A", WORDS, 0.0),
    ("B", "A", ("2", "2.0"), 0.0), ("6^{1/2}", "A", ("\\sqrt{6}", "3"), 1.0),
    ("I think the answer is A. But on a closer look it must be B.", "B", TIMES, 1.0),
    ("So the answer is (B). \\boxed{9} and \\boxed{30} are its parts.", "B", TIMES, 1.0),
    ("(C) 9:30", "B", TIMES, None), ("(C) 9:30", "C", TIMES, None), ("(C) 9:30", "A", TIMES, 0.0), ("(B) 7", "B", NUMBERS, None),
    ("A, C", "A, C", WORDS, 1.0), ("A and C", "AC", WORDS, 1.0), ("A", "A, C", WORDS, 0.0), ("None of the above", "C", WORDS, 1.0),
    ("(b)", "(b)", ("(c)", "(a)", "(b)"), 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "gold"), RIGHT)
def test_right(text: str, gold: str) -> None:
    assert grade_answer(text, gold).score == 1.0


@pytest.mark.parametrize(("text", "gold"), WRONG)
def test_wrong(text: str, gold: str) -> None:
    assert grade_answer(text, gold).score == 0.0


@pytest.mark.parametrize(("text", "gold"), UNJUDGED)
def test_could_not_judge(text: str, gold: str) -> None:
    verdict = grade_answer(text, gold)
    assert verdict.score is None and "could not judge" in verdict.reason


@pytest.mark.parametrize(("text", "gold", "choices", "score"), CHOSEN)
def test_choices(text: str, gold: str, choices: tuple[str, ...], score: float | None) -> None:
    assert grade_answer(text, gold, choices).score == score


def test_reason_names_both_rules() -> None:
    assert grade_answer("<answer>61 apples</answer>", "61").reason == "answer tag; equal as numbers"
    assert grade_answer("\\boxed{B}", "B", TIMES).reason == "boxed; option B by letter"


@pytest.mark.parametrize("text", ["", "  ", "<think>it may be 5", "<think>x</think>", "<answer></answer>"])
def test_no_answer_is_wrong_not_unjudged(text: str) -> None:
    verdict = grade_answer(text, "5")
    assert (verdict.score, verdict.answer, verdict.reason) == (0.0, None, "no answer given")


@pytest.mark.parametrize("gold", [None, "", " "])
def test_unknown_gold_is_unjudged(gold: str | None) -> None:
    verdict = grade_answer("\\boxed{5}", gold)
    assert verdict.score is None and verdict.answer == "5"


def test_options_are_read_from_the_question() -> None:
    question = "Which colour? (A) red (B) blue (C) green"
    assert [grade_answer(f"The answer is {said}.", "B", question=question).score for said in ("B", "blue", "green")] == [1.0, 1.0, 0.0]


def test_identical_text_is_right_whatever_it_is() -> None:
    for text in ("<think>", "\\boxed{", "a or b", "?", "If so, the answer is 5"):
        assert grade_answer(text, text).score == 1.0


@pytest.mark.parametrize("letter", ["e", "I", "a", "O"])
def test_letter_question(letter: str) -> None:
    question = "Which letter is being circled?"
    for text in (letter, letter.swapcase(), f"({letter})", f'The letter "{letter}" is circled.'):
        assert grade_answer(text, letter, question=question).score == 1.0
    assert grade_answer("z", letter, question=question).score == 0.0


def test_grade_reads_the_problem() -> None:
    problem = Problem("1", (), "What time is it?", TIMES, "B")
    assert grade("<think>half past nine</think><answer>9:30</answer>", problem).score == 1.0
    assert grade("<answer>C</answer>", problem).score == 0.0
