"""Streamed text: whole characters, and nothing of a stop string."""

from typing import Any

import pytest

from onevision.engine.text import TextStream
from tests.conftest import make_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return make_tokenizer()


def test_pieces_are_whole_characters(tokenizer: Any) -> None:
    text = "naïve 数字 ☃🌼 end"
    stream = TextStream(tokenizer)
    pieces = [stream.push(token) for token in tokenizer.encode(text)]
    assert "".join(pieces) + stream.flush() == text == stream.text
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_broken_character_comes_out_at_the_end(tokenizer: Any) -> None:
    tokens = tokenizer.encode("a🌼")[:-1]
    stream = TextStream(tokenizer)
    pieces = "".join(stream.push(token) for token in tokens) + stream.flush()
    assert pieces == stream.text == tokenizer.decode(tokens)


def test_a_stop_string_is_held_back_and_cut(tokenizer: Any) -> None:
    stream = TextStream(tokenizer, stop=("STOP",))
    pieces = []
    for token in tokenizer.encode("go on STOP here"):
        pieces.append(stream.push(token))
        if stream.stopped:
            break
    assert "".join(pieces) + stream.flush() == stream.text == "go on "


def test_what_only_looked_like_a_stop_string_is_released(tokenizer: Any) -> None:
    stream = TextStream(tokenizer, stop=("STOP",))
    pieces = "".join(stream.push(token) for token in tokenizer.encode("a STO"))
    assert pieces + stream.flush() == stream.text == "a STO" and not stream.stopped
