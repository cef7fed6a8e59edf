"""vLLM against the embedded engine, with nano.

Skipped where vLLM is not installed. To run it on a CPU: benchmarks/vllm_env.sh FOLDER, then
FOLDER/bin/python -m pytest tests/engine/test_vllm.py
"""

import asyncio
import copy
import importlib.util
import sys
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from onevision import tasks
from onevision.engine.base import SamplingParams
from onevision.engine.torch import TorchEngine
from onevision.engine.vllm import MAX_PICTURES, Growing, VLLMEngine
from onevision.errors import InputError, MissingPartError
from onevision.models.load import load_model
from onevision.models.prompts import messages_for
from onevision.types import Message

needs_vllm = pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed")
GREEDY = SamplingParams(max_new_tokens=80)
SAMPLED = SamplingParams(max_new_tokens=24, temperature=1.0, seed=5)
HOT = SamplingParams(max_new_tokens=40, temperature=2.0, seed=6)
KINDS = ("chain", "clock", "bar_chart", "scene", "table_lookup", "two_circles")


def chat(name: str, index: int = 0) -> list[Message]:
    problem = tasks.make(name, split="validation", levels=(1,), size=(112, 168))[index]
    return messages_for(problem.images, problem.question, problem.choices)


@pytest.fixture(scope="module")
def reference() -> TorchEngine:
    return TorchEngine(*load_model("nano", device="cpu", dtype="float32"))


@pytest.fixture(scope="module")
def engine() -> Iterator[VLLMEngine]:
    engine = VLLMEngine("nano")
    yield engine
    engine.close()


def test_without_vllm_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm.engine.arg_utils", None)
    with pytest.raises(MissingPartError, match=r"onevision\[vllm\]"):
        VLLMEngine("nano")


def test_the_end_of_a_turn_is_no_part_of_a_completion() -> None:
    def output(tokens: list[int], text: str, reason: str | None) -> Any:
        return SimpleNamespace(
            token_ids=tokens, logprobs=[{t: SimpleNamespace(logprob=-t / 10)} for t in tokens], text=text, finish_reason=reason
        )

    growing = Growing(frozenset({9}))
    pieces = [growing.add(output([1, 2], "ab", None)), growing.add(output([3, 9], "c", "stop"))]
    completion = growing.completion()
    assert pieces == ["ab", "c"]
    assert (completion.text, completion.token_ids, completion.stop) == ("abc", (1, 2, 3), "stop")
    assert completion.logprobs == (-0.1, -0.2, -0.3)
    cut = Growing(frozenset({9}))
    cut.add(output([1], "a", "length"))
    assert cut.completion().stop == "length"


@needs_vllm
def test_greedy_answers_equal_the_embedded_engines(engine: VLLMEngine, reference: TorchEngine) -> None:
    chats = [chat(name) for name in KINDS]
    ours, theirs = engine.generate_batch(chats, GREEDY), reference.generate_batch(chats, GREEDY)
    assert [(c.text, c.token_ids, c.stop) for c in ours] == [(c.text, c.token_ids, c.stop) for c in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=2e-2)


@needs_vllm
def test_margins_are_cut_for_vllm_too(engine: VLLMEngine, reference: TorchEngine) -> None:
    line = tasks.make("circled_letter", split="validation", levels=(3,), size=(500, 520), letters=(15, 20))
    chats = [messages_for(problem.images, problem.question, problem.choices) for problem in (line[0], line[1])]
    assert all(engine.processor.framed(problem.images[0]).size != problem.images[0].size for problem in (line[0], line[1]))
    wanted, found = (each.generate_batch(chats, GREEDY) for each in (reference, engine))
    assert [one.text for one in found] == [one.text for one in wanted]


@needs_vllm
def test_the_prompt_is_run_once_for_n(engine: VLLMEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    cached: dict[str, int] = {}
    generate, fresh = engine._llm.generate, chat("clock", index=7)

    async def watched(*given: Any) -> AsyncIterator[Any]:
        async for answer in generate(*given):
            cached[answer.request_id] = answer.num_cached_tokens
            prompts.add(len(answer.prompt_token_ids))
            yield answer

    prompts: set[int] = set()
    monkeypatch.setattr(engine._llm, "generate", watched)
    asyncio.run(engine.generate(fresh, SAMPLED, n=4))
    (prompt,) = prompts
    first, *others = sorted(cached.values())
    assert first < 32 and others == [(prompt - 1) // 32 * 32] * 3


@needs_vllm
def test_one_seed_gives_one_text_whatever_n_is(engine: VLLMEngine) -> None:
    three = asyncio.run(engine.generate(chat("chain"), SAMPLED, n=3))
    (one,) = asyncio.run(engine.generate(chat("chain"), SAMPLED))
    assert one.token_ids == three[0].token_ids
    assert len({c.token_ids for c in asyncio.run(engine.generate(chat("chain"), HOT, n=4))}) == 4


@needs_vllm
def test_logprobs_are_the_models_own_at_temperature_1(engine: VLLMEngine, reference: TorchEngine) -> None:
    """Sampled at another temperature, and with tokens banned, they are still those of the plain softmax."""
    (ours,) = asyncio.run(engine.generate(chat("chain"), HOT))
    inputs = reference._inputs([chat("chain")])
    added = torch.tensor([ours.token_ids])
    inputs["input_ids"] = torch.cat((inputs["input_ids"], added), 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    inputs["mm_token_type_ids"] = torch.cat((inputs["mm_token_type_ids"], torch.zeros_like(added)), 1)
    with torch.inference_mode():
        logits = reference.model(**inputs).logits[0, -len(ours.token_ids) - 1 : -1]
    expected = logits.log_softmax(-1).gather(1, added.T)[:, 0]
    assert min(ours.logprobs) < -3, "unlikely tokens were sampled"
    assert ours.logprobs == pytest.approx(expected.tolist(), abs=5e-2)


@needs_vllm
def test_special_tokens_are_never_sampled(engine: VLLMEngine) -> None:
    completions = asyncio.run(engine.generate(chat("chain"), HOT, n=8))
    assert not {token for c in completions for token in c.token_ids} & (set(engine.banned) | engine.eos)


@needs_vllm
def test_streamed_pieces_join_to_the_text(engine: VLLMEngine) -> None:
    (whole,) = engine.generate_batch([chat("clock")], GREEDY)

    async def collect() -> list[Any]:
        return [delta async for delta in engine.stream(chat("clock"), GREEDY)]

    for deltas in (asyncio.run(collect()), list(engine.deltas(chat("clock"), GREEDY))):
        assert "".join(delta.text for delta in deltas) == whole.text and len(deltas) > 5
        assert deltas[-1].completion.token_ids == whole.token_ids
        assert all(delta.completion is None for delta in deltas[:-1])


@needs_vllm
def test_leaving_a_stream_aborts_its_request(engine: VLLMEngine) -> None:
    async def first() -> None:
        stream = engine.stream(chat("chain"), SamplingParams(max_new_tokens=1500, temperature=2.0, seed=0))
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        while engine._llm.output_processor.has_unfinished_requests():
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(first(), timeout=5))


@needs_vllm
def test_a_stop_string_ends_the_text_before_it(engine: VLLMEngine) -> None:
    (cut,) = engine.generate_batch([chat("chain")], SamplingParams(max_new_tokens=80, stop=("</think>",)))
    assert "</think>" not in cut.text and cut.text.startswith("<think>") and cut.stop == "stop"


@needs_vllm
def test_updated_weights_answer_as_the_updated_model(engine: VLLMEngine, reference: TorchEngine) -> None:
    chats = [chat(name) for name in KINDS]
    before = engine.generate_batch(chats, GREEDY)
    changed = copy.deepcopy(reference.model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for param in changed.parameters():
            param.add_(torch.randn(param.shape, generator=generator) * param.abs().mean() * 0.2)
    engine.update_weights(changed)
    after = engine.generate_batch(chats, GREEDY)
    expected = TorchEngine(changed, reference.processor).generate_batch(chats, GREEDY)
    assert [c.token_ids for c in after] == [c.token_ids for c in expected]
    assert [c.token_ids for c in after] != [c.token_ids for c in before]
    engine.update_weights(reference.model)
    assert [c.token_ids for c in engine.generate_batch(chats, GREEDY)] == [c.token_ids for c in before]


@needs_vllm
def test_bad_prompts_are_input_errors(engine: VLLMEngine) -> None:
    picture = tasks.make("chain", split="validation", size=(112, 168))[0].images[0]

    def refused(messages: list[Message], words: str) -> None:
        with pytest.raises(InputError, match=words):
            asyncio.run(engine.generate(messages, GREEDY))

    refused(messages_for([picture], "word " * 2100), r"\d+ tokens .* context holds 2048")
    refused(messages_for([picture] * (MAX_PICTURES + 1), "?"), "17 pictures")
    refused([{"role": "user", "content": " "}], "question is empty")
    refused(messages_for([picture], "see <|image_pad|>"), "control token")
    with pytest.raises(InputError, match=r"temperature is 2\.5"):
        engine.generate_batch([chat("chain")], SamplingParams(temperature=2.5))
