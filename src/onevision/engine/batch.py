"""Answers that grow together. Rows join and leave between two steps; everything that generates here goes through `Batch`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from onevision.engine.base import SamplingParams
from onevision.engine.guesses import CONTEXTS, Guesses
from onevision.engine.prefill import Prefill
from onevision.engine.sampling import Sampler, pick
from onevision.engine.text import TextStream
from onevision.types import Completion, StopReason


class Decoder(Protocol):
    """One step for all rows; rows join and are dropped (see `lean.LeanDecoder`)."""

    def join(self, prefill: Prefill, n: int, room: Sequence[int]) -> int: ...

    def step(self, tokens: Tensor) -> Tensor: ...

    def drop(self, gone: set[int]) -> list[int]: ...

    def lone(self) -> bool: ...

    def run(self, tokens: Tensor) -> Tensor: ...

    def forget(self, count: int) -> None: ...


@dataclass(frozen=True)
class Token:
    """A picked token: its id, its log-probability at temperature 1, and the likeliest ids with theirs, where asked for."""

    id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


class Row:
    """One answer while it grows. index: its number among its prompt's; seed: in place of sampling's own; top: how many of
    the likeliest tokens to tell beside each picked one."""

    def __init__(
        self, tokenizer: Any, sampling: SamplingParams, index: int = 0, seed: int | None = None, streaming: bool = False, top: int = 0
    ) -> None:
        self.tokenizer = tokenizer
        self.sampler = Sampler(sampling, index, seed)
        self.limit, self.top = sampling.max_new_tokens, top
        self.tokens: list[Token] = []
        self.prompt_tokens = 0
        self.stop: StopReason | None = None
        self.text = TextStream(tokenizer, sampling.stop) if streaming or sampling.stop else None

    def begin(self, prompt_tokens: int, context: int) -> int:
        """The prompt is this long; how many tokens the answer may have."""
        self.prompt_tokens = prompt_tokens
        self.limit = min(self.limit, context - prompt_tokens)
        return self.limit

    def take(self, token: Token, eos: frozenset[int]) -> str:
        """Add a token unless it ends the turn; the piece of text it makes certain (streaming rows only)."""
        if token.id in eos:
            self.stop = "stop"
            return ""
        self.tokens.append(token)
        piece = self.text.push(token.id) if self.text else ""
        if self.text and self.text.stopped:
            self.stop = "stop"
        elif len(self.tokens) >= self.limit:
            self.stop = "length"
        return piece

    def completion(self) -> Completion:
        """What there is, as the record."""
        ids = tuple(token.id for token in self.tokens)
        if self.text:
            self.text.flush()
            text = self.text.text
        else:
            text = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Completion(text, ids, tuple(token.logprob for token in self.tokens), self.stop or "cancelled", self.prompt_tokens)


class News(NamedTuple):
    """What a step brings a row: the token that was picked, unless it ends the turn, the text that it makes certain, and whether
    it was the row's last."""

    row: Row
    token: Token | None
    text: str
    last: bool


class Batch:
    """The rows that are growing, and the decoder that grows them. eos: tokens that end a turn; banned: (k,) ids never picked;
    guesses: learn from all rows, and a row that is alone takes several tokens a step where they guess right."""

    def __init__(self, decoder: Decoder, eos: frozenset[int], banned: Tensor, context: int, guesses: Guesses | None = None) -> None:
        self.decoder, self.eos, self.banned, self.context, self.guesses = decoder, eos, banned, context, guesses
        self.rows: list[Row] = []
        self._tokens = banned.new_empty(0)

    def join(self, prefill: Prefill, rows: Sequence[Row]) -> list[News]:
        """Rows for the prompts that were run, equally many for each, prompt by prompt; their first tokens as `step` gives them."""
        n, lengths = len(rows) // len(prefill.mask), prefill.lengths
        room = [row.begin(lengths[index // n], self.context) for index, row in enumerate(rows)]
        news, tokens = self._pick(prefill.logits.repeat_interleave(n, 0), rows)
        at = self.decoder.join(prefill, n, room)
        self.rows[at:at] = rows
        self._tokens = torch.cat((self._tokens[:at], tokens, self._tokens[at:]))
        self._drop_stopped()
        return news

    def step(self) -> list[News]:
        """One more token for every row, or several for a row that is alone; with each, that row's news. Rows that have stopped
        leave."""
        if guessed := self._guessed():
            news = self._check(guessed)
        else:
            news, self._tokens = self._pick(self.decoder.step(self._tokens), self.rows)
        self._drop_stopped()
        return news

    def cancel(self, rows: Sequence[Row]) -> None:
        """Stop rows before their end; they leave at once."""
        for row in rows:
            row.stop = row.stop or "cancelled"
        self._drop_stopped()

    def _guessed(self) -> list[int]:
        """What the row may write next, if there is one row only."""
        if self.guesses is None or not self.decoder.lone():
            return []
        (row,) = self.rows
        return self.guesses.after(_recent(row), row.limit - len(row.tokens) - 1)

    def _check(self, guessed: list[int]) -> list[News]:
        """Run the guesses behind the row's last token, all at once, and pick as if each had been picked before the next: the first
        that was not, and what was run behind it, is forgotten (speculative decoding, arXiv:2211.17192, with a draft that is
        sure of itself: the tokens are those of single steps, sampled ones too)."""
        logits = self.decoder.run(torch.cat((self._tokens, self._tokens.new_tensor(guessed))))
        news: list[News] = []
        for right, guess in enumerate([*guessed, None]):
            picked, self._tokens = self._pick(logits[right : right + 1], self.rows)
            news += picked
            if self.rows[0].stop or int(self._tokens) != guess:
                break
        self.decoder.forget(len(guessed) - right)
        return news

    def _pick(self, logits: Tensor, rows: Sequence[Row]) -> tuple[list[News], Tensor]:
        ids, logprobs = pick(logits, [row.sampler for row in rows], self.banned)
        picked = logprobs.gather(1, ids[:, None])[:, 0].tolist()
        news = []
        for index, (row, chosen, logprob) in enumerate(zip(rows, ids.tolist(), picked, strict=True)):
            token = Token(chosen, logprob, _likeliest(logprobs[index], row.top) if row.top else ())
            if self.guesses is not None:
                self.guesses.learn([*_recent(row), chosen])
            text = row.take(token, self.eos)
            news.append(News(row, None if chosen in self.eos else token, text, row.stop is not None))
        return news, ids

    def _drop_stopped(self) -> None:
        if gone := {index for index, row in enumerate(self.rows) if row.stop}:
            order = self.decoder.drop(gone)
            self.rows = [self.rows[index] for index in order]
            self._tokens = self._tokens[order]


def _recent(row: Row) -> list[int]:
    return [token.id for token in row.tokens[-max(CONTEXTS) :]]


def _likeliest(logprobs: Tensor, count: int) -> tuple[tuple[int, float], ...]:
    values, ids = logprobs.topk(count)
    return tuple(zip(ids.tolist(), values.tolist(), strict=True))
