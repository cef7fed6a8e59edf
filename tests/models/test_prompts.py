"""What is asked, and the text form of what comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from onevision.errors import InputError
from onevision.models.prompts import compose, messages_for, parse
from onevision.types import Description

LETTERS = st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs"), exclude_characters="<>")
LINES = st.text(LETTERS, max_size=40)
CSV = Description("csv", "fruit,count\napple,3")
TEXT = "<think>\n```csv\nfruit,count\napple,3\n```\nThere are 3.\n</think>\n<answer>3</answer>"


def test_compose_writes_the_documented_form() -> None:
    assert compose(CSV, "There are 3.", "3") == TEXT


def test_parse_takes_it_apart() -> None:
    parsed = parse(TEXT)
    assert parsed.description == Description("csv", "fruit,count\napple,3", made_by="model")
    assert (parsed.steps, parsed.answer) == ("There are 3.", "3")
    assert parsed.reasoning == "```csv\nfruit,count\napple,3\n```\nThere are 3."


@given(text=st.lists(LINES, min_size=1, max_size=4).map("\n".join), steps=LINES, answer=LINES)
def test_round_trip(text: str, steps: str, answer: str) -> None:
    if "```" in steps:
        return
    parsed = parse(compose(Description("scene", text), steps, answer))
    assert parsed.description is not None
    assert (parsed.description.text, parsed.steps, parsed.answer) == (text, steps.strip(), answer.strip())


def test_a_description_may_hold_a_fence() -> None:
    inner = Description("text", "before\n```\nafter")
    parsed = parse(compose(inner, "so", "1"))
    assert parsed.description is not None and parsed.description.text == inner.text and parsed.steps == "so"


@pytest.mark.parametrize("end", range(len(TEXT)))
def test_a_text_cut_anywhere_is_no_error(end: int) -> None:
    parsed = parse(TEXT[:end])
    assert parsed.answer in (None, "", "3")
    assert parsed.description is None or CSV.text.startswith(parsed.description.text.rstrip("`\n"))


def test_other_shapes() -> None:
    assert parse("just words").reasoning == "just words"
    assert parse("thought</think><answer>4</answer>").reasoning == "thought"
    assert parse("thought <answer>4</answer>").answer == "4"
    assert parse("<think><answer>1</answer> no</think><answer>2</answer>").answer == "2"
    assert parse("").answer is None
    assert parse(compose(None, "", "5")).reasoning == ""


def test_messages_hold_pictures_then_text_with_choices() -> None:
    picture = Image.new("RGB", (8, 8))
    (turn,) = messages_for([picture, picture], " Which? ", ["red", "blue"])
    assert [item["type"] for item in turn["content"]] == ["image", "image", "text"]
    assert turn["role"] == "user" and turn["content"][-1]["text"] == "Which?\nA. red\nB. blue"


def test_empty_question_is_refused() -> None:
    with pytest.raises(InputError, match="question is empty"):
        messages_for([], "  \n")
