"""Guessed tokens: what is guessed, and that answers are the same with them."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onevision.engine import guesses as guesses_module
from onevision.engine.base import SamplingParams
from onevision.engine.batch import Batch, Row
from onevision.engine.guesses import AHEAD, Guesses
from onevision.engine.torch import TorchEngine
from onevision.models.prompts import messages_for

CHATS = [messages_for([], "How many red circles are there?"), messages_for([], "And a longer question about something else, is it?")]
WAYS = [SamplingParams(max_new_tokens=40), SamplingParams(max_new_tokens=40, temperature=0.9, seed=3)]


@pytest.fixture(scope="module")
def engine(tiny: tuple[Any, Any]) -> TorchEngine:
    return TorchEngine(*tiny)


def taught(*texts: list[int]) -> Guesses:
    guesses = Guesses()
    for text in texts:
        for end in range(1, len(text) + 1):
            guesses.learn(text[:end])
    return guesses


def grown(engine: TorchEngine, chat: int, how: SamplingParams, guesses: Guesses | None) -> tuple[Row, int]:
    """An answer, and in how many steps."""
    batch, row = engine.batch(guesses), Row(engine.tokenizer, how)
    batch.join(engine._prefill([CHATS[chat]]), [row])
    steps = 0
    while batch.rows:
        batch.step()
        steps += 1
    return row, steps


def test_the_longest_context_decides() -> None:
    guesses = taught([1, 2, 3, 4, 5, 6], [9, 3, 7])
    assert guesses.after([2, 3]) == [4, 5, 6]
    assert guesses.after([8, 3]) == [7]
    assert guesses.after([1, 2, 3], most=2) == [4, 5]
    assert guesses.after([100]) == guesses.after([]) == guesses.after([1], most=0) == []


def test_the_most_frequent_is_guessed_while_it_is_likely_enough() -> None:
    guesses = taught(*[[1, 2, 3, 4, 5]] * 8, *[[1, 2, 6]] * 2, [7, 8, 9, 10, 11])
    assert guesses.after([1, 2]) == [3, 4, 5]
    assert guesses.after([7]) == [8, 9, 10]  # each seen once: 1/2, 1/4, 1/8, and then too little
    assert taught(*[[1, token] for token in range(20)]).after([1]) == []


def test_it_forgets_before_it_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses_module, "MOST", 50)
    guesses = taught(list(range(1000)))
    assert len(guesses._after) <= 54
    assert guesses.after([997]) == [998, 999]


@given(st.lists(st.integers(0, 4), max_size=60))
def test_guesses_are_few_and_of_what_was_seen(text: list[int]) -> None:
    found = taught(text).after(text)
    assert len(found) <= AHEAD
    assert set(found) <= set(text)


@pytest.mark.parametrize("how", WAYS, ids=["greedy", "sampled"])
@pytest.mark.parametrize("wrong", [0, 7, 3], ids=["all right", "some wrong", "many wrong"])
def test_answers_are_the_same_with_guesses(engine: TorchEngine, how: SamplingParams, wrong: int) -> None:
    alone, steps = grown(engine, 0, how, None)
    ids = [token.id for token in alone.tokens]
    changed = [5 if wrong and place % wrong == wrong - 1 else token for place, token in enumerate(ids)]
    row, fewer = grown(engine, 0, how, taught(*[changed] * 4))
    assert [token.id for token in row.tokens] == ids
    assert row.completion().stop == alone.completion().stop
    torch.testing.assert_close([token.logprob for token in row.tokens], [token.logprob for token in alone.tokens], atol=1e-4, rtol=1e-4)
    assert fewer < steps
    if not wrong and len(set(ids)) == len(ids):
        assert fewer <= -(-steps // (AHEAD + 1)) + 1


def test_the_end_of_a_turn_is_guessed_too_and_ends_it(engine: TorchEngine) -> None:
    alone, _ = grown(engine, 0, WAYS[1], None)
    ids = [token.id for token in alone.tokens]
    end = next(place for place in range(10, 40) if ids[place] not in ids[:place])
    guesses = taught(*[ids] * 4)
    batch = Batch(engine.decoder(), frozenset({ids[end]}), engine.banned, engine.context, guesses)
    row = Row(engine.tokenizer, WAYS[1])
    batch.join(engine._prefill([CHATS[0]]), [row])
    while batch.rows:
        batch.step()
    assert row.stop == "stop"
    assert [token.id for token in row.tokens] == ids[:end]


@pytest.mark.parametrize("limit", range(1, 12))
def test_no_more_tokens_than_asked_for(engine: TorchEngine, limit: int) -> None:
    ids = [token.id for token in grown(engine, 0, WAYS[0], None)[0].tokens]
    row, _ = grown(engine, 0, SamplingParams(max_new_tokens=limit), taught(*[ids] * 4))
    assert [token.id for token in row.tokens] == ids[:limit]
    assert row.stop == "length"


def test_company_comes_after_wrong_guesses(engine: TorchEngine) -> None:
    """A longer row joins: what was guessed wrong and forgotten must not be seen by anyone."""
    alone = [[token.id for token in grown(engine, chat, WAYS[1], None)[0].tokens] for chat in (0, 1)]
    wrong = [token if place % 4 else 5 for place, token in enumerate(alone[0])]
    batch, rows = engine.batch(taught(*[wrong] * 4)), [Row(engine.tokenizer, WAYS[1]) for _ in CHATS]
    batch.join(engine._prefill([CHATS[0]]), rows[:1])
    for _ in range(5):
        batch.step()
    batch.join(engine._prefill([CHATS[1]]), rows[1:])
    while batch.rows:
        batch.step()
    assert [[token.id for token in row.tokens] for row in rows] == alone
