"""Who is let in, and engines that batch by themselves."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

import httpx
import pytest
import torch

pytest.importorskip("fastapi")
pytest.importorskip("openai")

from onevision.engine.base import Delta, SamplingParams
from onevision.engine.batch import Batch, News, Row
from onevision.errors import InputError, OneVisionError
from onevision.models.prompts import messages_for
from onevision.serve.batching import AT_ONCE, EVENT_SECONDS, BatchScheduler, Job
from onevision.serve.errors import Busy, Stopping, TooSlow
from onevision.serve.metrics import Metrics
from onevision.serve.scheduler import Asked, Piece, Scheduler, joined
from onevision.serve.settings import Settings
from onevision.types import Completion, Message

GREEDY = SamplingParams(max_new_tokens=8)
CHAT = messages_for((), "How many?")


class Spelling:
    """Stands for vLLM or an endpoint: says its text letter by letter, as slowly as it is told."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause, self.at_work, self.most = pause, 0, 0

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        return [(await self._last(messages, sampling)) for _ in range(n)]

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            for letter in "<think>\na\n</think>\nb":
                await asyncio.sleep(self.pause)
                yield Delta(letter)
            yield Delta("", Completion("<think>\na\n</think>\nb", (1, 2), (-0.5, -0.25), "stop", 7))
        finally:
            self.at_work -= 1

    async def _last(self, messages: Sequence[Message], sampling: SamplingParams) -> Completion:
        deltas = [delta async for delta in self.stream(messages, sampling)]
        assert deltas[-1].completion is not None
        return deltas[-1].completion


def made(kind: Any, engine: Any, **settings: Any) -> Any:
    return kind(engine, Settings(**({"max_batch": 2, "queue": 2, "timeout": 30.0} | settings)), Metrics())


def test_the_queue_is_bounded_and_says_when_to_come_back() -> None:
    async def run() -> None:
        scheduler = made(Scheduler, Spelling(0.01))
        asks = [asyncio.ensure_future(scheduler.generate(CHAT, GREEDY)) for _ in range(4)]
        await asyncio.sleep(0.02)
        assert (scheduler.running, scheduler.waiting) == (2, 2)
        with pytest.raises(Busy) as busy:
            await scheduler.generate(CHAT, GREEDY)
        assert int(busy.value.headers["Retry-After"]) >= 1 and isinstance(busy.value, OneVisionError)
        assert [answers[0].text for answers in await asyncio.gather(*asks)] == ["<think>\na\n</think>\nb"] * 4
        assert scheduler.inside == 0 and scheduler.engine.most == 2

    asyncio.run(run())


@pytest.mark.parametrize("embedded", [False, True])
def test_what_was_begun_is_finished_and_nothing_new_is_taken(embedded: bool, engine: Any) -> None:
    async def run() -> None:
        scheduler = made(BatchScheduler, engine) if embedded else made(Scheduler, Spelling(0.01))
        begun = asyncio.ensure_future(scheduler.generate(CHAT, GREEDY))
        await asyncio.sleep(0)
        scheduler.stopping = True
        with pytest.raises(Stopping):
            await scheduler.generate(CHAT, GREEDY)
        assert (await begun)[0].text and scheduler.inside == 0
        scheduler.close()

    asyncio.run(run())


@pytest.mark.parametrize("embedded", [False, True])
def test_leaving_a_stream_gives_the_place_back(embedded: bool, engine: Any) -> None:
    async def run() -> None:
        own = Spelling(0.001)
        scheduler = made(BatchScheduler, engine) if embedded else made(Scheduler, own)
        async with aclosing(scheduler.stream(CHAT, SamplingParams(max_new_tokens=400))) as deltas:
            async for delta in deltas:
                if delta.text:
                    break
        assert scheduler.inside == 0 and own.at_work == 0
        assert (await scheduler.generate(CHAT, GREEDY))[0].text
        scheduler.close()

    asyncio.run(run())


def test_a_prompt_is_run_between_two_steps_of_the_others(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, prefill, step = [], engine.prefill, Batch.step
    monkeypatch.setattr(engine, "prefill", lambda prompt: (ran.append("prompt"), prefill(prompt))[1])
    monkeypatch.setattr(Batch, "step", lambda batch: (ran.append(len(batch.rows)), step(batch))[1])
    monkeypatch.setattr(engine, "eos", frozenset())

    async def run() -> None:
        scheduler = made(BatchScheduler, engine)
        async with aclosing(scheduler.stream(CHAT, SamplingParams(max_new_tokens=1500))) as deltas:
            await anext(deltas)
            await asyncio.gather(*(scheduler.generate(messages_for((), text), GREEDY) for text in ("And now?", "And then?")))
        scheduler.close()

    asyncio.run(run())
    second = ran.index("prompt", 1)
    assert ran[0] == "prompt" and ran[second - 1] == 1 and ran[second + 1] == 2, "the batch goes on beside the newcomer"
    assert ran.count("prompt") == 3 and max(rows for rows in ran if rows != "prompt") == 2


def test_the_one_that_computes_has_all_threads_whatever_others_set(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found, step, before = set[int](), Batch.step, torch.get_num_threads()
    monkeypatch.setattr(Batch, "step", lambda batch: (found.add(torch.get_num_threads()), step(batch))[1])

    async def run() -> None:
        scheduler = made(BatchScheduler, engine)
        await scheduler.generate(CHAT, GREEDY)
        scheduler.close()

    torch.set_num_threads(3)
    try:
        asyncio.run(run())
    finally:
        torch.set_num_threads(before)
    assert found == {3}


@pytest.fixture
def two_cores(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the engine were compiled, on two cores; its answers are as long as they may be."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(engine, "releases_lock", True)
    monkeypatch.setattr(engine, "eos", frozenset())
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_cores")
def test_on_two_cores_prompts_are_run_beside_the_batch(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, threads, prefill, step = [], set[int](), engine.prefill, Batch.step
    chats = [messages_for((), text) for text in ("And now?", "And then?", "And at last?")]
    alone = [asyncio.run(engine.generate(chat, GREEDY))[0].text for chat in chats]
    engine.prompts.clear()
    monkeypatch.setattr(engine, "prefill", lambda prompt: (ran.append(threading.current_thread().name), prefill(prompt))[1])
    monkeypatch.setattr(Batch, "step", lambda batch: (threads.add(torch.get_num_threads()), step(batch))[1])

    async def run() -> None:
        scheduler = made(BatchScheduler, engine, max_batch=3, queue=8)
        async with aclosing(scheduler.stream(CHAT, SamplingParams(max_new_tokens=1500))) as deltas:
            await anext(deltas)
            together = await asyncio.gather(*(scheduler.generate(chat, GREEDY) for chat in chats))
        assert [answers[0].text for answers in together] == alone
        scheduler.close()

    asyncio.run(run())
    assert ran[0] == "batch" and len(ran) == 4 and all(name.startswith("prompts") for name in ran[1:])
    assert threads == {1, 2}, "the batch has one core beside a prompt and both without"


@pytest.mark.usefixtures("two_cores")
def test_a_prompt_that_fails_beside_the_batch_is_its_askers_alone(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prefill = engine.prefill

    def failing(prompt: Any) -> Any:
        if threading.current_thread().name.startswith("prompts"):
            raise RuntimeError("no memory")
        return prefill(prompt)

    monkeypatch.setattr(engine, "prefill", failing)

    async def run() -> None:
        scheduler = made(BatchScheduler, engine)
        async with aclosing(scheduler.stream(CHAT, SamplingParams(max_new_tokens=100))) as deltas:
            await anext(deltas)
            with pytest.raises(RuntimeError, match="no memory"):
                await scheduler.generate(messages_for((), "And now?"), GREEDY)
            assert [delta async for delta in deltas][-1].completion is not None
        assert (await scheduler.generate(CHAT, GREEDY))[0].text and scheduler.inside == 0
        scheduler.close()

    asyncio.run(run())


def test_whoever_left_before_the_batch_had_room_holds_up_nobody(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "eos", frozenset())

    async def run() -> None:
        scheduler = made(BatchScheduler, engine, queue=8)
        async with aclosing(scheduler.stream(CHAT, SamplingParams(max_new_tokens=1500))) as deltas:
            await anext(deltas)
            beside = asyncio.ensure_future(scheduler.generate(CHAT, SamplingParams(max_new_tokens=200)))
            gone = [asyncio.ensure_future(scheduler.generate(CHAT, GREEDY)) for _ in range(2)]
            while len(scheduler._waiting) < 2:
                await asyncio.sleep(0.001)
            last = asyncio.ensure_future(scheduler.generate(CHAT, GREEDY))
            while len(scheduler._waiting) < 3:
                await asyncio.sleep(0.001)
            for one in gone:
                one.cancel()
            assert (await last)[0].text and scheduler._running, "it waited for the first answer to end"
            await beside
        scheduler.close()

    asyncio.run(run())


def test_time_is_up_while_waiting_and_while_working() -> None:
    async def run() -> None:
        scheduler = made(Scheduler, Spelling(0.02), max_batch=1, timeout=0.1)
        asks = await asyncio.gather(*(scheduler.generate(CHAT, GREEDY) for _ in range(2)), return_exceptions=True)
        assert [type(found) for found in asks] == [TooSlow, TooSlow] and scheduler.inside == 0

    asyncio.run(run())


def test_what_an_engine_refuses_is_refused(engine: Any) -> None:
    async def run() -> None:
        scheduler = made(BatchScheduler, engine)
        with pytest.raises(InputError, match="question is empty"):
            await scheduler.generate(messages_for((), "x")[:0], GREEDY)
        with pytest.raises(InputError, match="at most 2"):
            await scheduler.generate(CHAT, GREEDY, n=3)
        assert scheduler.inside == 0
        scheduler.close()

    asyncio.run(run())


def test_a_text_over_the_context_is_refused_without_a_tokenizer(engine: Any) -> None:
    async def run() -> None:
        scheduler = made(BatchScheduler, engine)
        scheduler._reader = None
        with pytest.raises(InputError, match=r"1000000 characters, but the model's context holds 512"):
            await scheduler.generate(messages_for((), "x" * 1_000_000), GREEDY)
        assert scheduler.inside == 0
        scheduler.close()

    asyncio.run(run())


def test_scheduled_answers_are_the_engines_own(engine: Any) -> None:
    """As many at a time as there are places, one after the other, streamed and not."""
    chats = [messages_for((), "Which number" + " there" * words) for words in range(12)]
    ways = [SamplingParams(max_new_tokens=6 + index, temperature=index % 2, seed=index) for index in range(12)]

    async def run(places: int) -> list[str]:
        scheduler = made(BatchScheduler, engine, max_batch=places, queue=12)

        async def streamed(chat: Any, way: Any) -> str:
            return "".join([delta.text async for delta in scheduler.stream(chat, way)])

        asks = [streamed(*pair) if index % 3 else scheduler.generate(*pair) for index, pair in enumerate(zip(chats, ways, strict=True))]
        found = await asyncio.gather(*asks)
        scheduler.close()
        return [one if isinstance(one, str) else one[0].text for one in found]

    alone = [engine.generate_batch([chat], way)[0].text for chat, way in zip(chats, ways, strict=True)]
    assert asyncio.run(run(1)) == alone
    assert asyncio.run(run(5)) == alone


def test_the_first_news_are_sent_at_once_and_later_ones_in_their_time(engine: Any) -> None:
    async def sent() -> list[bool]:
        job = Job(Asked(CHAT, GREEDY, streaming=True), engine.reader.prompt(CHAT))
        row = Row(engine.tokenizer, GREEDY)
        job.rows = [row]
        found = []
        # A step takes a millisecond; behind these the time is up.
        for now in [*(step / 1000 for step in range(AT_ONCE + 3)), AT_ONCE / 1000 + EVENT_SECONDS]:
            job.collect(News(row, None, "x", last=False))
            found.append(bool(job.letter(100.0 + now)))
        return found

    assert asyncio.run(sent()) == [True] * AT_ONCE + [False] * 3 + [True]


def test_pieces_that_wait_are_joined() -> None:
    last = Completion("ab", (1,), (0.0,), "stop")
    pieces = [Piece(0, "a"), Piece(1, "x"), Piece(0, "b", completion=last), Piece(1, "y")]
    assert joined(pieces) == [Piece(0, "ab", completion=last), Piece(1, "xy")]


class Known(Spelling):
    """With a tokenizer beside it, whose tokens are letters and tags, as vLLM's is: it tells log-probabilities at the end."""

    context = 512

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = self

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}

    def get_vocab(self) -> dict[str, int]:
        return {"a": 97}

    def decode(self, ids: list[int], **_: Any) -> str:
        return "".join(map(chr, ids))

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        text = "<think>\na\n</think>\nb"
        for letter in text:
            yield Delta(letter)
        yield Delta("", Completion(text, tuple(map(ord, text)), (-0.5,) * len(text), "stop", 7))


@pytest.mark.parametrize("body", [{}, {"n": 2}, {"stream": True}])
def test_log_probabilities_that_come_at_the_end_are_told_apart(serve: Any, body: dict[str, Any]) -> None:
    one = serve(kind=Scheduler, on=Known())
    ask = {"model": "tiny", "messages": [{"role": "user", "content": "?"}], "logprobs": True}
    reply = httpx.post(f"{one.url}/chat/completions", json=ask | body)
    parts = [reply.json()] if not body.get("stream") else [json.loads(line[6:]) for line in reply.text.splitlines() if "{" in line]
    told = [choice["logprobs"] for part in parts for choice in part["choices"] if choice["logprobs"] and choice["index"] == 0]
    text = {part: "".join(one["token"] for logprobs in told for one in logprobs[part] or ()) for part in ("reasoning_content", "content")}
    assert text == {"reasoning_content": "<think>\na\n</think>", "content": "\nb"}


def test_other_engines_serve_through_the_same_api(serve: Any) -> None:
    one = serve(kind=Scheduler, on=Spelling())
    ask = {"model": "tiny", "messages": [{"role": "user", "content": "?"}]}
    for body in ({}, {"n": 2}, {"stream": True}, {"n": 2, "stream": True}):
        reply = httpx.post(f"{one.url}/chat/completions", json=ask | body)
        assert reply.status_code == 200
        if not body.get("stream"):
            messages = [choice["message"] for choice in reply.json()["choices"]]
            assert [(m["reasoning_content"], m["content"]) for m in messages] == [("a", "b")] * body.get("n", 1)
            assert reply.json()["usage"]["prompt_tokens"] == 7
        else:
            assert reply.text.count('"reasoning_content":"a"') == body.get("n", 1)
    reply = httpx.post(f"{one.url}/chat/completions", json=ask | {"logprobs": True})
    assert reply.status_code == 400 and "logprobs" in reply.json()["error"]["message"]
