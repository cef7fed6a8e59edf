"""Ask a model every problem of a list, many at once. A rerun asks only what no answer is kept of."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from onevision.bench.journal import Answer, Journal, key_of
from onevision.bench.progress import Progress
from onevision.engine.base import Engine, SamplingParams
from onevision.engine.openai import OpenAIEngine
from onevision.errors import InputError
from onevision.models.prompts import messages_for
from onevision.types import Completion, Problem

BATCH = 32
"""Chats that one PyTorch batch runs together."""


@dataclass(frozen=True)
class Asking:
    """How the questions are put. model: names it in the journal; n: completions of each problem; concurrency:
    requests in flight on an engine that takes them side by side."""

    model: str
    sampling: SamplingParams
    n: int = 1
    concurrency: int = 64


def answer_all(engine: Engine, problems: Sequence[Problem], asking: Asking, journal: Journal, title: str = "") -> list[Answer]:
    """An answer for every problem, in their order; only those that the journal does not hold are asked.

    A problem that the model cannot take (its prompt is longer than the context) is answered with "" and the error.
    """
    keys = [key_of(problem, asking.model, asking.sampling, asking.n) for problem in problems]
    lanes, size = _shape(engine, asking)
    # The batches are cut before the answered ones are left out, so a rerun computes the others in the same company.
    first = {key: i for i, key in reversed(list(enumerate(keys)))}  # the same question twice is one question
    batches = [[i for i in batch if keys[i] not in journal and first[keys[i]] == i] for batch in _batches(problems, size)]
    left = sum(map(len, batches))
    with Progress(title, len(problems), done=len(problems) - left) as progress:

        async def ask(batch: Sequence[int]) -> None:
            start = time.perf_counter()
            replies = await _replies(engine, [problems[i] for i in batch], asking)
            seconds = round(time.perf_counter() - start, 4)
            about = [{"key": keys[i], "id": problems[i].id, "seconds": seconds} for i in batch]
            journal.add([{**one, "completions": reply} for one, reply in zip(about, replies, strict=True)])
            progress.advance(len(batch))

        async def ask_all() -> None:
            try:
                await _side_by_side([batch for batch in batches if batch], ask, lanes)
            finally:
                if isinstance(engine, OpenAIEngine):
                    await engine.close()

        asyncio.run(ask_all())
    return [journal.answers[key] for key in keys]


def _shape(engine: Engine, asking: Asking) -> tuple[int, int]:
    """Requests in flight, and problems in one. An engine with `lanes` computes in batches; only greedy ones, because a
    sampled row must not depend on its company."""
    lanes = getattr(engine, "lanes", None)
    if lanes is None:
        return asking.concurrency, 1
    return lanes, BATCH if asking.sampling.temperature == 0 and asking.n == 1 else 1


def _batches(problems: Sequence[Problem], size: int) -> list[list[int]]:
    """Indices in batches; pictures of like size together, which wastes least on padding."""
    order = range(len(problems))
    if size > 1:
        order = sorted(order, key=lambda i: sum(image.width * image.height for image in problems[i].images))  # type: ignore[assignment]
    return [list(order[start : start + size]) for start in range(0, len(order), size)]


async def _side_by_side(batches: Sequence[list[int]], ask: Callable[[Sequence[int]], Awaitable[None]], lanes: int) -> None:
    waiting = iter(batches)

    async def lane() -> None:
        for batch in waiting:
            await ask(batch)

    await asyncio.gather(*(lane() for _ in range(min(lanes, len(batches)))))


async def _replies(engine: Any, problems: Sequence[Problem], asking: Asking) -> list[list[dict[str, Any]]]:
    """For each problem its n completions."""
    chats = [messages_for(problem.images, problem.question, problem.choices) for problem in problems]
    if len(chats) > 1:
        try:
            return [[_reply(one)] for one in await asyncio.to_thread(engine.generate_batch, chats, asking.sampling)]
        except InputError:
            pass  # one of them is too long for the model: each alone then
    return [await _alone(engine, chat, asking) for chat in chats]


async def _alone(engine: Engine, chat: Any, asking: Asking) -> list[dict[str, Any]]:
    try:
        return [_reply(one) for one in await engine.generate(chat, asking.sampling, asking.n)]
    except InputError as error:
        return [{"text": "", "tokens": 0, "stop": "stop", "error": str(error)}] * asking.n


def _reply(completion: Completion) -> dict[str, Any]:
    """tokens: None where the engine does not say them."""
    return {"text": completion.text, "tokens": len(completion.token_ids) or None, "stop": completion.stop}
