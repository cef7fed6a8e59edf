"""Where the answer is found, and that the order of precedence is the stated one."""

import pytest

from onevision.answers import extract
from onevision.answers.equality import NUMBER
from onevision.answers.numbers import find_number

FOUND = [
    ("Final answer: 5. The answer is plain to see.", "5", "answer phrase"),
    ("If it rains, the answer is 4. The final answer is 5", "5", "answer phrase"),
    ("\\boxed 5", "5", "boxed"),
    ("\\boxed{90} degrees. Option (C) is correct: 270", "C", "answer phrase"),
    ("The answer is 5. None of A, B, C is correct.", "5", "answer phrase"),
    ("正确答案是 B。", "B", "answer phrase"),
    ("<think>it is 4</think><answer>5</answer>", "5", "answer tag"),
    ("<answer>4</answer> no: <answer>5</answer>", "5", "answer tag"),
    ("<answer>4</answer> no: <answer>5", "5", "open answer tag"),
    ("<answer>5</answer> as asked, in <answer> tags", "5", "answer tag"),
    ("<answer>\\boxed{5}</answer>", "5", "answer tag"),
    ("<answer>The answer is 5.</answer>", "5", "answer tag"),
    ("<answer>4</answer> \\boxed{5}", "4", "answer tag"),
    ("\\boxed{4} and \\boxed{\\frac{1}{2}}", "1/2", "boxed"),
    ("\\fbox{\\text{B}}", "B", "boxed"),
    ("The answer is \\boxed{5}.", "5", "boxed"),
    ("\\boxed{5}. The answer is plain to see.", "5", "boxed"),
    ("\\boxed{4}? No. The answer is 5.", "5", "answer phrase"),
    ("The answer is 4. Hm. Final answer: 5", "5", "answer phrase"),
    ("**Answer:** 5\n\nI hope this helps you.", "5", "answer phrase"),
    ("The final answer is:\n\n**5**", "5", "answer phrase"),
    ("所以答案是5。", "5", "answer phrase"),
    ("答案：5", "5", "answer phrase"),
    ("The answer is 4.8, because it is.", "4.8", "answer phrase"),
    ("The answer is Mt. Fuji. It is high.", "Mt. Fuji", "answer phrase"),
    ("I count {3} in the picture", "{3}", "curly brackets"),
    ("They are rows={5} columns={6} here", "rows={5} columns={6}", "curly brackets"),
    ("Let me count, 3+2.\n\n5", "5", "short last line"),
    ("It is B.\nA) 9:00\nB) 9:30\nC) 10:00", "It is B.", "short last line"),
    ("<think>so the answer is 5</think>", "5", "answer phrase in the thought"),
    ("<think>hm <answer>5</answer>", "5", "answer tag closing an unfinished thought"),
]


@pytest.mark.parametrize(("text", "answer", "rule"), FOUND)
def test_found(text: str, answer: str, rule: str) -> None:
    found = extract(text)
    assert (found.answer, found.rule) == (answer, rule)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "<answer></answer>",
        "<think>The answer is 5, I think. Let me",
        "<think>\\boxed{5} or else",
        "<think>a</think> <think>5",
        "Which one?\nA) 3\nB) 4\nC) 5",
        "Options: (A) 3 (B) 4 (C) 5",
        "Could you give me the picture?",
    ],
)
def test_nothing_found(text: str) -> None:
    assert extract(text).answer is None


NUMBERS = [
    ("There are 3 bars below 40. They are for 2014, 2015, and 2016.", "3", "opening sentence"),
    ("So it is 4 + 3 = 7.\n\nI hope this helps! Let me know if you have any other questions.", "7", "short last line"),
    ("It peaked in **2012**. In 2013 it fell to 75 before 2016.", "2012", "bold"),
    ("Therefore there are 12 of them. We looked at rows 1, 2 and 3.", "12", "concluding sentence"),
    ("**Answer:** 5. Would you like to see the steps?", "5", "answer phrase"),
]


@pytest.mark.parametrize(("text", "answer", "rule"), NUMBERS)
def test_cautious_fallbacks_for_numbers(text: str, answer: str, rule: str) -> None:
    found = extract(text, NUMBER.in_sentence)
    assert rule == found.rule and find_number(found.answer or "") == find_number(answer)


def test_example_brackets_are_not_an_answer() -> None:
    assert extract("You asked for e.g. {3}. I see five").answer == "You asked for e.g. {3}. I see five"
    assert extract("I see {5} circles; you asked for e.g. {3}").answer == "{5}"


def test_code_braces_are_not_an_answer() -> None:
    assert extract("so \\sqrt{3} it is").rule == "short last line"
