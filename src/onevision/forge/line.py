"""One endpoint: its limits, its retries, its bill."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onevision.engine.base import SamplingParams
from onevision.engine.load import load_engine
from onevision.engine.openai import Unanswered
from onevision.errors import OneVisionError
from onevision.forge.cache import Said
from onevision.forge.recipe import Endpoint
from onevision.types import Message

BUSY = (429, 503)
"""The endpoint asks to wait; the request is not at fault."""

FIRST_WAIT, LONGEST_WAIT = 0.25, 15.0


class Pace:
    """At most so many a minute, evenly spread; None for no limit."""

    def __init__(self, per_minute: float | None) -> None:
        self.seconds_each = 60.0 / per_minute if per_minute else 0.0
        self.free = 0.0

    async def turn(self, amount: float) -> None:
        """Wait until what went before is paid off, and take `amount`."""
        wait = self.free - time.monotonic()
        self.charge(amount)
        if wait > 0:
            await asyncio.sleep(wait)

    def charge(self, amount: float) -> None:
        """Take `amount` without waiting."""
        self.free = max(self.free, time.monotonic()) + amount * self.seconds_each


@dataclass
class Line:
    """Asks an endpoint until it answers. asked, failed: requests sent and those that came to nothing, in this run; sent: the tasks
    that wait for an answer; closed: nothing more is sent.

    A failure counts against a request only where the endpoint answered others since its last one: while it is down, all wait.
    """

    name: str
    spec: Endpoint
    spent: float = 0.0
    asked: int = 0
    failed: int = 0
    last_word: float = field(default_factory=time.monotonic)
    sent: set[Any] = field(default_factory=set)
    closed: bool = False

    def __post_init__(self) -> None:
        spec = self.spec
        options: dict[str, Any] = {"retries": 0, "timeout": spec.timeout} if spec.model.startswith("openai:") else {}
        self.engine: Any = load_engine(spec.model, **options)
        self.model = spec.model_name
        self._lanes = asyncio.Semaphore(spec.concurrency)
        self._requests, self._tokens = Pace(spec.requests_per_minute), Pace(spec.tokens_per_minute)

    def price(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.spec.price[0] + completion_tokens * self.spec.price[1]) / 1e6

    async def ask(self, messages: Sequence[Message], sampling: SamplingParams) -> Said:
        """One completion. Raises Unanswered for a request that failed `attempts` times, InputError for one that is refused,
        and OneVisionError where the budget is spent or nothing was answered for `patience` seconds: then the run stops."""
        failures, waits, started = 0, 0, time.monotonic()
        before = started
        while True:
            try:
                return await self._once(messages, sampling)
            except Unanswered as error:
                self.failed += 1
                alive, before = self.last_word > before, time.monotonic()
                failures += alive and error.status not in BUSY
                if failures >= self.spec.attempts or self.closed:
                    raise
                if before - max(self.last_word, started) > self.spec.patience:
                    raise OneVisionError(f"endpoint {self.name}: nothing for {self.spec.patience:.0f} s; {error}") from error
                # A plain retry comes back soon; only an endpoint that is down or busy is given more and more time.
                waits = 0 if alive and error.status not in BUSY else waits + 1
                await asyncio.sleep(max(error.wait, min(LONGEST_WAIT, FIRST_WAIT * 2.0**waits)) * random.uniform(0.7, 1.3))

    async def _once(self, messages: Sequence[Message], sampling: SamplingParams) -> Said:
        await self._requests.turn(1)
        async with self._lanes:
            # Within the lane, so that no more than the lanes' requests go before the first of them has told its tokens.
            await self._tokens.turn(0)
            if self.closed:
                raise OneVisionError(f"endpoint {self.name}: the run is ending")
            if self.spec.budget is not None and self.spent >= self.spec.budget:
                raise OneVisionError(
                    f"endpoint {self.name}: its budget of {self.spec.budget:g} is spent; what was answered is kept, raise it and run again"
                )
            self.asked += 1
            task = asyncio.current_task()
            self.sent.add(task)
            try:
                said = await self._said(messages, sampling)
            finally:
                self.sent.discard(task)
        self.last_word = time.monotonic()
        self._tokens.charge(said.prompt_tokens + said.completion_tokens)
        self.spent += self.price(said.prompt_tokens, said.completion_tokens)
        return said

    async def _said(self, messages: Sequence[Message], sampling: SamplingParams) -> Said:
        if hasattr(self.engine, "reply"):
            reply = await self.engine.reply(messages, sampling)
            (one,) = reply.completions
            # Half a character, escaped, is JSON but nothing that can be kept.
            text = one.text.encode(errors="replace").decode()
            return Said(text, one.stop, self.model, reply.prompt_tokens, reply.completion_tokens, self.name)
        (one,) = await self.engine.generate(messages, sampling)
        return Said(one.text, one.stop, self.model, 0, len(one.token_ids), self.name)
