"""A text taken apart while it comes says the same as the whole text taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevision.models.pieces import Answering, Piece, Splitter, Thinking
from onevision.models.prompts import compose, parse
from onevision.types import Description

TEXT = "<think>\n```csv\nfruit,count\napple,3\n```\nThere are 3 < 4.\n</think>\n<answer>3</answer>"
WORDS = st.text("ab <>/`\n01,", max_size=30)


def split(text: str, cuts: list[int] | None = None) -> list[Piece]:
    ends = sorted({min(cut, len(text)) for cut in cuts or range(len(text))} | {len(text)})
    splitter = Splitter()
    pushed = [piece for start, end in zip([0, *ends], ends, strict=False) for piece in splitter.push(text[start:end])]
    return pushed + splitter.finish()


def joined(pieces: list[Piece], kind: type[Thinking] | type[Answering]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, kind))


def test_the_parts_come_in_order_and_the_description_whole() -> None:
    pieces = split(TEXT)
    assert joined(pieces, Thinking) == "```csv\nfruit,count\napple,3\n```\nThere are 3 < 4."
    assert joined(pieces, Answering) == "3"
    (at,) = [i for i, piece in enumerate(pieces) if isinstance(piece, Description)]
    assert pieces[at] == Description("csv", "fruit,count\napple,3", made_by="model")
    assert joined(pieces[:at], Thinking).startswith("```csv\nfruit,count\napple,3\n```")
    assert joined(pieces[at:], Thinking) != ""


@given(st.builds(compose, st.none() | st.builds(Description, st.just("scene"), WORDS), WORDS, WORDS), st.lists(st.integers(0, 120)))
def test_any_cut_says_what_the_whole_says(text: str, cuts: list[int]) -> None:
    pieces = split(text, cuts)
    assert joined(pieces, Thinking) == parse(text).reasoning
    assert [joined(pieces, Thinking), joined(pieces, Answering)] == [joined(split(text), Thinking), joined(split(text), Answering)]


@given(st.builds(compose, st.builds(Description, st.just("scene"), WORDS), WORDS, st.just("1")), st.lists(st.integers(0, 120)))
def test_the_description_is_the_one_that_parse_finds(text: str, cuts: list[int]) -> None:
    found = [piece for piece in split(text, cuts) if isinstance(piece, Description)]
    assert found == [parse(text).description]


@pytest.mark.parametrize("end", range(len(TEXT)))
def test_a_text_cut_anywhere(end: int) -> None:
    pieces = split(TEXT[:end])
    whole = split(TEXT)
    assert joined(whole, Thinking).startswith(joined(pieces, Thinking))
    assert joined(pieces, Answering) in ("", "3")


def test_other_shapes() -> None:
    assert split("just words ") and joined(split("just words "), Thinking) == "just words"
    assert joined(split("thought</think>so <answer>4</answer>."), Answering) == "so 4."
    assert split("") == []
    fenced = split("<think>\n```csv\na,b\n```\n</think>\n<answer>1</answer>")
    assert [piece.text for piece in fenced if isinstance(piece, Description)] == ["a,b"]
    assert not any(isinstance(piece, Description) for piece in split("<think>\n```csv\na,b"))
