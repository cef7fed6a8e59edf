"""The thought and the rest, apart, however the text is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from onevision.models.prompts import parse
from onevision.serve.thought import Thought


def split(pieces: list[str]) -> tuple[str, str]:
    thought = Thought()
    parts = [thought.push(piece) for piece in pieces] + [thought.finish()]
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


def test_a_thought_and_an_answer() -> None:
    assert split(["<think>\n1 + 2 = 3\n</think>\n<answer>3</answer>"]) == ("1 + 2 = 3", "<answer>3</answer>")
    assert split([" <thi", "nk>a\n", "\n</thi", "x b </think", ">", " ", "c"]) == ("a\n\n</thix b", "c")


def test_without_the_tag_all_is_content() -> None:
    assert split(["  It is ", "<think> 3"]) == ("", "  It is <think> 3")
    assert split(["<thin"]) == ("", "<thin")
    assert split([]) == ("", "")


def test_a_thought_that_is_cut_off() -> None:
    assert split(["<think>\nso ", "far </th"]) == ("so far", "")


words = st.text(st.sampled_from("ab \n<>/think"), max_size=30)


@given(st.one_of(words, st.tuples(words, words).map(lambda two: f"<think>\n{two[0]}\n</think>\n{two[1]}")), st.lists(st.integers(0, 80)))
def test_the_cuts_do_not_matter(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(places)]
    assert split(pieces) == split([text])


@given(words, words)
def test_what_is_sent_can_be_put_together_again(reasoning: str, content: str) -> None:
    """As `engine.openai` does with the replies of any server."""
    reasoning, content = reasoning.strip(), content.lstrip()
    if "</think>" in reasoning or not reasoning:
        return
    text = f"<think>\n{reasoning}\n</think>\n{content}"
    assert split([text]) == (reasoning, content)
    if "<answer>" not in reasoning:
        assert parse(text).reasoning == reasoning
