"""Where the answer is found, and that the order of precedence is the stated one."""

import pytest

from onevision.answers import extract

FOUND = [
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


def test_example_brackets_are_not_an_answer() -> None:
    assert extract("You asked for e.g. {3}. I see five").answer == "You asked for e.g. {3}. I see five"
    assert extract("I see {5} circles; you asked for e.g. {3}").answer == "{5}"


def test_code_braces_are_not_an_answer() -> None:
    assert extract("so \\sqrt{3} it is").rule == "short last line"
