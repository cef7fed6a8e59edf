"""The embedded engine against the model's own forward and generate."""

import asyncio
from typing import Any

import pytest
import torch
from PIL import Image

from onevision.engine.base import Delta, SamplingParams
from onevision.engine.batch import Row
from onevision.engine.forward import ForwardDecoder
from onevision.engine.lean import LeanDecoder, can_run_lean
from onevision.engine.torch import TorchEngine
from onevision.errors import InputError
from onevision.models.prompts import messages_for
from onevision.types import Message

GREEDY = SamplingParams(max_new_tokens=24)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = torch.randint(0, 256, (height, width, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Image.fromarray(pixels.numpy())


@pytest.fixture(scope="module")
def engine(tiny: tuple[Any, Any]) -> TorchEngine:
    return TorchEngine(*tiny)


CHATS = [
    messages_for([noise(150, 90, 1)], "How many red circles are there?"),
    messages_for([noise(60, 200, 2), noise(90, 90, 3)], "Which number?"),
    messages_for([], "A question without a picture, much longer than the others because it goes on and on"),
    messages_for([noise(210, 210, 4)], "?"),
]


def reference(engine: TorchEngine, messages: list[Message], tokens: int) -> list[int]:
    """Greedy tokens of transformers.generate, with the same tokens banned."""
    inputs = engine._inputs([messages])
    out = engine.model.generate(**inputs, max_new_tokens=tokens, do_sample=False, suppress_tokens=engine.banned.tolist())
    return [token for token in out[0, inputs["input_ids"].shape[1] :].tolist() if token not in engine.eos]


@pytest.mark.parametrize("chat", range(len(CHATS)))
def test_greedy_equals_transformers(engine: TorchEngine, chat: int) -> None:
    (ours,) = asyncio.run(engine.generate(CHATS[chat], GREEDY))
    assert list(ours.token_ids) == reference(engine, CHATS[chat], 24)


@pytest.mark.parametrize("n", [1, 3])
def test_lean_step_equals_the_forward(engine: TorchEngine, n: int) -> None:
    """Rows leave, and others join: some prompts with one row each, some with several."""
    assert can_run_lean(engine.model)
    generator = torch.Generator().manual_seed(0)
    prefills = [engine._prefill(CHATS[:3]), engine._prefill(CHATS[3:]), engine._prefill(CHATS[1:3])]
    lean, plain = engine.decoder(), ForwardDecoder(engine.model)
    assert isinstance(lean, LeanDecoder)
    names: dict[Any, list[str]] = {lean: [], plain: []}

    def step(times: int) -> None:
        for _ in range(times):
            token = {name: int(torch.randint(3, 300, (), generator=generator)) for name in sorted(names[plain])}
            logits = [
                dict(zip(order, each.step(torch.tensor([token[name] for name in order])), strict=True)) for each, order in names.items()
            ]
            for name in token:
                torch.testing.assert_close(logits[0][name], logits[1][name], atol=1e-4, rtol=1e-4)

    def join(which: int, n: int, name: str = "") -> None:
        rows = [f"{name or which}.{prompt}.{i}" for prompt in range(len(prefills[which].mask)) for i in range(n)]
        for each, order in names.items():
            at = each.join(prefills[which], n, [60] * len(rows))
            order[at:at] = rows

    def drop(*gone: str) -> None:
        for each, order in names.items():
            kept = each.drop({order.index(name) for name in gone})
            order[:] = [order[row] for row in kept]
            assert not set(gone) & set(order)

    join(0, n)
    step(3)
    join(1, 1)
    step(2)
    drop("0.1.0")
    step(2)
    join(2, 2)
    step(2)
    drop("0.0.0", "2.0.1", *(["0.1.1", "0.1.2"] if n == 3 else []))
    step(3)
    join(1, n, "again")
    step(30)
    drop(*names[plain])
    assert not lean.memories
    join(0, 1, "fresh")
    step(2)


def test_rows_that_join_later_write_what_they_write_alone(engine: TorchEngine) -> None:
    sampling = SamplingParams(max_new_tokens=30, temperature=0.8, seed=4)
    ways = [(CHATS[0], GREEDY), (CHATS[1], sampling), (CHATS[2], GREEDY), (CHATS[3], sampling), (CHATS[0], sampling)]
    alone = [asyncio.run(engine.generate(chat, how))[0] for chat, how in ways]
    batch, rows = engine.batch(), [Row(engine.tokenizer, how) for _, how in ways]
    for (chat, _), row in zip(ways, rows, strict=True):
        batch.join(engine._prefill([chat]), [row])
        for _ in range(4):
            batch.step()
    while batch.rows:
        batch.step()
    assert [row.completion().token_ids for row in rows] == [c.token_ids for c in alone]
    assert {row.stop for row in rows} <= {"stop", "length"}


def test_several_answers_to_one_prompt_are_those_of_copies_of_it(engine: TorchEngine) -> None:
    """The prompt kept once (`Shared`) against a row each (`Singles`), where rows stop at different times."""
    hot = SamplingParams(max_new_tokens=80, temperature=12.0, seed=0)
    together = engine.complete(engine._prefill(CHATS[:2]), hot, n=6, seeds=(5, 6))
    assert len({len(c.token_ids) for c in together}) > 3
    for prompt, seed in enumerate((5, 6)):
        batch = engine.batch()
        rows = [Row(engine.tokenizer, hot, i, seed) for i in range(6)]
        for row in rows:
            batch.join(engine._prefill([CHATS[prompt]]), [row])
        while batch.rows:
            batch.step()
        assert [row.completion().token_ids for row in rows] == [c.token_ids for c in together[6 * prompt : 6 * prompt + 6]]


def test_the_likeliest_tokens_are_told(engine: TorchEngine) -> None:
    row = Row(engine.tokenizer, SamplingParams(max_new_tokens=5), top=4)
    batch = engine.batch()
    batch.join(engine._prefill([CHATS[0]]), [row])
    while batch.rows:
        batch.step()
    for token in row.tokens:
        values = [logprob for _, logprob in token.top]
        assert len(token.top) == 4 and values == sorted(values, reverse=True) and (token.id, token.logprob) == token.top[0]


def test_a_lean_step_in_bfloat16(tiny_model_dir: Any) -> None:
    from onevision.models.load import load_model

    half = TorchEngine(*load_model(tiny_model_dir, device="cpu", dtype="bfloat16"))
    lean, plain = half.decoder(), ForwardDecoder(half.model)
    for each in (lean, plain):
        each.join(half._prefill(CHATS[:3]), 1, [4] * 3)
    tokens = torch.tensor([5, 60, 200])
    torch.testing.assert_close(lean.step(tokens), plain.step(tokens), atol=0.15, rtol=0.05)


def test_other_models_decode_through_their_forward(engine: TorchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = engine.generate_batch(CHATS, GREEDY)
    monkeypatch.setattr("onevision.engine.torch.can_run_lean", lambda model: False)
    assert [c.token_ids for c in engine.generate_batch(CHATS, GREEDY)] == [c.token_ids for c in expected]


def test_a_batch_of_different_prompts_equals_one_by_one(engine: TorchEngine) -> None:
    together = engine.generate_batch(CHATS, GREEDY)
    alone = [engine.generate_batch([chat], GREEDY)[0] for chat in CHATS]
    assert [c.token_ids for c in together] == [c.token_ids for c in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


def test_logprobs_are_the_models_own_at_temperature_1(engine: TorchEngine) -> None:
    sampling = SamplingParams(max_new_tokens=8, temperature=0.5, seed=1)
    (ours,) = asyncio.run(engine.generate(CHATS[0], sampling))
    inputs = engine._inputs([CHATS[0]])
    prompt = inputs["input_ids"].shape[1]
    added = torch.tensor([ours.token_ids])
    inputs["input_ids"] = torch.cat((inputs["input_ids"], added), 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    inputs["mm_token_type_ids"] = torch.cat((inputs["mm_token_type_ids"], torch.zeros_like(added)), 1)
    with torch.inference_mode():
        logits = engine.model(**inputs).logits[0, prompt - 1 : -1]
    expected = logits.log_softmax(-1).gather(1, added.T)[:, 0]
    assert ours.logprobs == pytest.approx(expected.tolist(), abs=1e-4)


def test_one_seed_gives_one_text_whatever_n_is(engine: TorchEngine) -> None:
    sampling = SamplingParams(max_new_tokens=16, temperature=1.0, top_p=0.9, seed=5)
    three = asyncio.run(engine.generate(CHATS[0], sampling, n=3))
    (one,) = asyncio.run(engine.generate(CHATS[0], sampling))
    assert one.token_ids == three[0].token_ids
    assert len({c.token_ids for c in three}) == 3
    other = asyncio.run(engine.generate(CHATS[0], SamplingParams(max_new_tokens=16, temperature=1.0, seed=6)))
    assert other[0].token_ids != one.token_ids


def test_special_tokens_are_never_sampled(engine: TorchEngine) -> None:
    banned = set(engine.banned.tolist())
    names = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|im_start|>")
    assert banned >= set(engine.tokenizer.convert_tokens_to_ids(names))
    assert banned >= set(range(len(engine.tokenizer), engine.model.config.text_config.vocab_size))
    hot = SamplingParams(max_new_tokens=60, temperature=20.0, seed=0)
    completions = asyncio.run(engine.generate(CHATS[3], hot, n=16))
    assert not banned & {token for c in completions for token in c.token_ids}
    assert not engine.eos & {token for c in completions for token in c.token_ids}
    assert {"stop", "length"} == {c.stop for c in completions}, "rows end at different times"


def test_streamed_pieces_join_to_the_text(engine: TorchEngine) -> None:
    async def collect(sampling: SamplingParams) -> list[Delta]:
        return [delta async for delta in engine.stream(CHATS[0], sampling)]

    deltas = asyncio.run(collect(GREEDY))
    (whole,) = asyncio.run(engine.generate(CHATS[0], GREEDY))
    assert deltas[-1].completion == whole
    assert "".join(delta.text for delta in deltas) == whole.text
    assert all(delta.completion is None for delta in deltas[:-1])


def test_leaving_a_stream_stops_it(engine: TorchEngine) -> None:
    async def first() -> Delta:
        stream = engine.stream(CHATS[0], SamplingParams(max_new_tokens=400, temperature=1.0, seed=0))
        delta = await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        return delta

    assert asyncio.run(first()).completion is None


def test_a_stop_string_ends_the_text_before_it(engine: TorchEngine) -> None:
    sampling = SamplingParams(max_new_tokens=60, temperature=3.0, seed=0)
    (free,) = asyncio.run(engine.generate(CHATS[0], sampling))
    word = free.text[10:13]
    stopping = SamplingParams(max_new_tokens=60, temperature=3.0, seed=0, stop=(word,))
    (cut,) = asyncio.run(engine.generate(CHATS[0], stopping))
    assert cut.text == free.text[: free.text.find(word)] and cut.stop == "stop"
    assert len(cut.token_ids) < len(free.token_ids)


def test_trained_weights_are_noticed(tiny_model_dir: Any) -> None:
    from onevision.models.load import load_model

    engine = TorchEngine(*load_model(tiny_model_dir, device="cpu"))
    before = engine.generate_batch(CHATS[:1], GREEDY)[0].token_ids
    optimizer = torch.optim.SGD(engine.model.parameters(), lr=0.5)
    for param in engine.model.parameters():
        param.grad = torch.randn_like(param) * 0.1
    optimizer.step()
    after = list(engine.generate_batch(CHATS[:1], GREEDY)[0].token_ids)
    assert after != list(before) and after == reference(engine, CHATS[0], 24)


def test_bad_prompts_are_input_errors(engine: TorchEngine) -> None:
    def refused(messages: list[Message], words: str) -> None:
        with pytest.raises(InputError, match=words):
            asyncio.run(engine.generate(messages, GREEDY))

    refused(messages_for([noise(90, 90)], "word " * 600), r"\d+ tokens .* context holds 512")
    refused([{"role": "user", "content": [{"type": "image", "image": noise(90, 90)}]}], "question is empty")
    refused([{"role": "user", "content": " "}], "question is empty")
    refused(messages_for([noise(90, 90)], "see <|image_pad|>"), "control token")


@pytest.mark.parametrize(
    "values",
    [{"max_new_tokens": 0}, {"temperature": -1.0}, {"temperature": float("nan")}, {"top_p": 0.0}, {"stop": ("",)}],
)
def test_bad_sampling_is_an_input_error(values: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        SamplingParams(**values)
