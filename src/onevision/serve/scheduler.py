"""Who may ask now, who waits, and who is sent away: the part of serving that every engine needs."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from onevision.engine.base import Delta, Engine, SamplingParams
from onevision.engine.batch import Token
from onevision.engine.chat import text_of
from onevision.errors import InputError
from onevision.serve.errors import Busy, Stopping, TooSlow
from onevision.serve.metrics import Metrics
from onevision.serve.settings import Settings
from onevision.types import Completion, Message

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """A request. streaming: text is wanted as it comes; top: how many likeliest tokens beside each, None for no logprobs.
    read: gives the messages, in the place of `messages`, once the request is let in; their pictures take time and memory."""

    messages: Sequence[Message]
    sampling: SamplingParams
    n: int = 1
    streaming: bool = False
    top: int | None = None
    read: Callable[[], Awaitable[Sequence[Message]]] | None = None


@dataclass(frozen=True)
class Piece:
    """More of one of a request's n answers. tokens: those behind the text, where logprobs were asked for; the last piece of an
    answer has its completion. cached: tokens of the prompt that had been run before."""

    index: int
    text: str = ""
    tokens: tuple[Token, ...] = ()
    completion: Completion | None = None
    cached: int = 0


class Scheduler:
    """An engine for many: at most `max_batch` requests at work and `queue` waiting, each for at most `timeout` seconds.

    This one hands every request on to an engine that batches by itself, such as vLLM or an endpoint.
    """

    logprobs = False
    """Whether the likeliest tokens beside the picked ones can be told."""

    def __init__(self, engine: Engine, settings: Settings, metrics: Metrics) -> None:
        self.engine: Any = engine
        self.settings, self.metrics = settings, metrics
        self.stopping = False
        self.inside = 0
        self._pace = 1.0
        self._places = asyncio.Semaphore(settings.max_batch)
        # Of tokenizers that join bytes no token is longer than its entry in the vocabulary.
        self._longest = engine.context * max(map(len, self.tokenizer.get_vocab())) if self.tokenizer else math.inf  # type: ignore[attr-defined]
        metrics.watch("onevision_waiting", "Requests that wait for a place.", lambda: self.waiting)
        metrics.watch("onevision_running", "Requests that are being answered.", lambda: self.running)

    @property
    def running(self) -> int:
        """Requests that are being answered."""
        return min(self.inside, self.settings.max_batch)

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return self.inside - self.running

    @property
    def tokenizer(self) -> Any:
        """The model's, or None where it lives elsewhere."""
        return getattr(self.engine, "tokenizer", None)

    async def pieces(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """Answer a request, piece by piece; closing the iterator gives its place back.

        Raises Busy, Stopping, TooSlow, InputError for what the engine refuses, and what `asked.read` raises.
        """
        self._enter(asked)
        begun, answered = time.monotonic(), False
        first, finished, deadline = begun, 0, begun + self.settings.timeout
        try:
            if asked.read:
                asked = replace(asked, messages=await self._in_time(asked.read(), deadline))
            self._check_length(asked.messages)
            async with aclosing(self._pieces(asked, deadline)) as pieces:
                async for piece in pieces:
                    if first == begun:
                        first = time.monotonic()
                        self.metrics.first.observe(first - begun)
                    if piece.completion:
                        self._count(piece)
                        finished += 1
                        # Those who ask must not wait for us to notice that it was the last.
                        if finished == asked.n:
                            answered = True
                            self.metrics.whole.observe(time.monotonic() - begun)
                    yield piece
        finally:
            self._leave(time.monotonic() - begun)
            if not answered:
                self.metrics.cancelled.inc()

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """As `Engine.generate`; raises as `pieces` does."""
        found: dict[int, Completion] = {}
        async with aclosing(self.pieces(Asked(messages, sampling, n))) as pieces:
            async for piece in pieces:
                if piece.completion:
                    found[piece.index] = piece.completion
        return [found[index] for index in range(n)]

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncGenerator[Delta, None]:
        """As `Engine.stream`; raises as `pieces` does."""
        async with aclosing(self.pieces(Asked(messages, sampling, streaming=True))) as pieces:
            async for piece in pieces:
                yield Delta(piece.text, piece.completion)

    def close(self) -> None:
        """End; nothing is answered any more."""

    async def _pieces(self, asked: Asked, deadline: float) -> AsyncGenerator[Piece, None]:
        await self._in_time(self._places.acquire(), deadline)
        try:
            async with aclosing(self._handed_on(asked)) as pieces:
                while (piece := await self._in_time(anext(pieces, None), deadline)) is not None:
                    yield piece
        finally:
            self._places.release()

    async def _handed_on(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """Several answers at a time come as wholes: an engine streams one."""
        if asked.n > 1 or not asked.streaming:
            for index, completion in enumerate(await self.engine.generate(asked.messages, asked.sampling, asked.n)):
                yield _whole(index, completion.text, completion, asked)
            return
        async with aclosing(self.engine.stream(asked.messages, asked.sampling)) as deltas:
            async for delta in deltas:
                yield _whole(0, delta.text, delta.completion, asked) if delta.completion else Piece(0, delta.text)

    async def _in_time(self, work: Awaitable[T], deadline: float) -> T:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await work
        except TimeoutError:
            raise TooSlow(self.settings.timeout) from None

    def _check_length(self, messages: Sequence[Message]) -> None:
        """A text that is too long in any tokens is refused before a tokenizer spends seconds on it."""
        length = sum(len(text_of(message)) for message in messages)
        if length > self._longest:
            raise InputError(
                f"the messages have {length} characters, but the model's context holds {self.engine.context} tokens; ask a shorter question"
            )

    def _enter(self, asked: Asked) -> None:
        if self.stopping:
            raise Stopping
        if asked.n > self.settings.max_batch:
            raise InputError(f"n is {asked.n}; this server answers at most {self.settings.max_batch} at a time")
        if self.inside >= self.settings.max_batch + self.settings.queue:
            raise Busy(max(1, math.ceil(self._pace * self.waiting / self.settings.max_batch)))
        self.inside += 1

    def _leave(self, seconds: float) -> None:
        self.inside -= 1
        self._pace += 0.1 * (seconds - self._pace)

    def _count(self, piece: Piece) -> None:
        assert piece.completion is not None
        self.metrics.tokens.inc(len(piece.completion.token_ids))
        if piece.index == 0:
            self.metrics.prompt_tokens.inc(piece.completion.prompt_tokens)
            self.metrics.cached_tokens.inc(piece.cached)


def _whole(index: int, text: str, completion: Completion, asked: Asked) -> Piece:
    """The last piece. An engine tells log-probabilities at the end."""
    wanted = zip(completion.token_ids, completion.logprobs, strict=True) if asked.top is not None else ()
    return Piece(index, text, tuple(Token(*pair) for pair in wanted), completion)


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """What came meanwhile as one piece for each answer, so that a slow reader is sent fewer, larger ones."""
    whole: dict[int, Piece] = {}
    for piece in pieces:
        before = whole.get(piece.index)
        whole[piece.index] = (
            replace(piece, text=before.text + piece.text, tokens=before.tokens + piece.tokens) if before is not None else piece
        )
    return list(whole.values())
