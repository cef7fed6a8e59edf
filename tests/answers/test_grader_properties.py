"""What holds for every text and every gold answer."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onevision.answers import extract, grade_answer

FORMS = (
    "{}",
    "<answer>{}</answer>",
    "<think>First 7, or no?</think>\n<answer>{}</answer>",
    "<think>7</think>{}",
    "\\boxed{{{}}}",
    "so $\\boxed{{\\text{{{}}}}}$.",
    "The answer is {}.",
    "The final answer is: **{}**\n",
    "Answer: {}",
    "答案是{}。",
    "答案：{}",
    "I counted 7 at first.\nFinal answer: {}",
    "Some steps.\n\n{}",
)
CHOICES = ("3 cats", "4:30", "blue", "\\sqrt{2}", "yes")
PIECES = (
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "\\boxed{",
    "}",
    "{3}",
    "(A)",
    "B) ",
    "answer is ",
    "1,2",
    "-",
)
PIECES += ("4:30", "1/0", "\n", " or ", "yes", "no", "答案是", "\\frac{", "5", "five ", "rows=", "9e99", "$", "wait ")
GOLDS = (None, "", "5", "1/2", "5,6", "4:30", "yes", "B", "red", "5\\pi", "w " * 60, "{", "1/0", "9" * 500)

forms = st.sampled_from(FORMS)
texts = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))).map("".join))
numbers = st.integers(-(10**12), 10**12)
golds = st.one_of(
    numbers.map(str),
    numbers.map("{:,}".format),
    st.decimals(-9999, 9999, places=2).map(str),
    st.tuples(numbers, st.integers(1, 999)).map("{0[0]}/{0[1]}".format),
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map("{0[0]},{0[1]}".format),
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map("({0[0]}, {0[1]})".format),
    st.tuples(st.integers(0, 23), st.integers(0, 59)).map("{0[0]}:{0[1]:02d}".format),
    st.sampled_from(("yes", "No", "True", "是", "否", "twelve", "red", "north east", "T", "q", "5 apples", "50%")),
)


@given(forms, golds)
@settings(deadline=None)
def test_gold_in_any_form_is_right(form: str, gold: str) -> None:
    assert grade_answer(form.format(gold), gold).score == 1.0


@given(forms, numbers, numbers)
@settings(deadline=None)
def test_another_integer_is_wrong(form: str, given_: int, gold: int) -> None:
    assert grade_answer(form.format(given_), str(gold)).score == float(given_ == gold)


@given(forms, st.sampled_from("ABCDE"), st.sampled_from("ABCDE"), st.sampled_from(("{}", "({})", "{}.", "Option {}")))
@settings(deadline=None)
def test_a_letter_is_right_only_where_it_is_the_gold(form: str, given_: str, gold: str, mark: str) -> None:
    assert grade_answer(form.format(mark.format(given_)), gold, CHOICES).score == float(given_ == gold)


@given(forms, st.sampled_from("ABCDE"))
@settings(deadline=None)
def test_the_text_of_the_gold_option_is_right(form: str, gold: str) -> None:
    choice = CHOICES[ord(gold) - ord("A")]
    assert grade_answer(form.format(choice), gold, CHOICES).score == 1.0
    assert grade_answer(form.format(f"{gold}: {choice}"), gold, CHOICES).score == 1.0


@given(texts, st.one_of(st.sampled_from(GOLDS), texts), st.sampled_from((None, (), CHOICES)))
@settings(deadline=None)
def test_never_raises(text: str, gold: str | None, choices: tuple[str, ...] | None) -> None:
    verdict = grade_answer(text, gold, choices, question=text)
    assert verdict.score in (None, 0.0, 1.0) and verdict.reason
    assert isinstance(extract(text).rule, str)


HOSTILE = (
    "<answer>",
    "\\boxed{",
    "{1} ",
    "answer is ",
    "答案是",
    "1,",
    "1/",
    "((1,1)",
    "A) ",
    "A) x\nB) y\n",
    " ",
    "\n",
)
HOSTILE += ("\\text{", "\\frac{1}{", "twenty-", "rows={1} ", "wait ", "* ", "'\"", "<think>", "\ud800", "9e99 ", "a=")


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("form", ["{}", "\\boxed{{{}}}", "The answer is {}"])
def test_time_is_linear_in_hostile_text(piece: str, form: str) -> None:
    """25,000 characters: a linear pass takes well under a second, a quadratic one minutes."""
    text = form.format((piece * 25_000)[:25_000])
    start = time.process_time()
    for gold, choices in (("5", None), ("5,6", None), ("red", None), ("B", CHOICES)):
        grade_answer(text, gold, choices)
    assert time.process_time() - start < 8


BEYOND = ("x < 9e999 or x > 10^{400}", "[1, 10^{400}] \\cup [10^{500}, \\pi)", "10^{400}", "5" + "!" * 300, "x > \\pi", "3.14")


@pytest.mark.parametrize("gold", BEYOND)
def test_numbers_beyond_all_floats_are_judged_or_not_but_raise_nothing(gold: str) -> None:
    for text in BEYOND:
        verdict = grade_answer(f"<answer>{text}</answer>", gold)
        assert verdict.score == 1.0 if text == gold else not verdict.score


PROSE = ("This completes the solution.", "I hope this helps!", "We used 3 facts.", "The other options do not fit.", "It holds as 2+2=4.")
FINAL = ("<answer>{}</answer>", "So it is \\boxed{{{}}}.", "Steps.\n\nFinal answer: {}\n")


@given(st.sampled_from(FINAL), st.sampled_from((*"ABCDE", "5", "4:30", "x^2-1")), st.lists(st.sampled_from(PROSE), min_size=1, max_size=3))
@settings(deadline=None)
def test_prose_behind_a_final_answer_changes_nothing(form: str, answer: str, prose: list[str]) -> None:
    text = form.format(answer)
    for gold, choices in (("5", None), ("x^2-1", None), ("B", CHOICES), ("4:30", None)):
        assert grade_answer(text, gold, choices).score == grade_answer("\n\n".join([text, *prose]), gold, choices).score


@given(texts)
@settings(deadline=None)
def test_text_identical_to_the_gold_is_right(text: str) -> None:
    assert grade_answer(text, text).score == (1.0 if text.strip() else None)


TIMES = st.tuples(st.integers(1, 12), st.integers(0, 59))


@given(TIMES, TIMES)
def test_another_time_is_wrong_though_it_be_the_same_ratio(one, other):
    said, gold = (f"{hour}:{minute:02d}" for hour, minute in (one, other))
    assert grade_answer(f"<answer>{said}</answer>", gold).score == float(one == other)


def test_a_point_is_no_number():
    for said in ("(-1,-1)", "(-1, -1)", "\\left(-1,-1\\right)", "(-1,-1,-1)"):
        assert grade_answer(f"<answer>{said}</answer>", "-1").score == 0.0, said
    assert grade_answer("<answer>(1,234)</answer>", "1234").score == grade_answer("<answer>(-1)</answer>", "-1").score == 1.0


def test_times_that_are_one_ratio():
    for said, gold in (("8:00", "4:00"), ("1:15", "3:45"), ("2:30", "1:15"), ("8:00:00", "9:00:00"), ("5:0", "3:0")):
        assert grade_answer(f"<answer>{said}</answer>", gold).score == 0.0, (said, gold)
    assert grade_answer("<answer>1:15</answer>", "3:45", question="In what ratio does P divide AB?").score == 1.0
    assert grade_answer("<answer>2:3</answer>", "4:6").score == 1.0
