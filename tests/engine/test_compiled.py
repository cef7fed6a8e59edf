"""Compiled towers, prompts and steps against PyTorch's own: one compilation for any sizes, any weights of its architecture."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision.engine import aot, compiled
from onevision.engine.base import SamplingParams
from onevision.engine.compiled import CompiledDecoder, CompiledSteps
from onevision.engine.lean import LeanDecoder
from onevision.engine.load import identity, load_engine, load_local
from onevision.engine.matrix import Blocked, Transposed
from onevision.engine.plain import PlainEngine
from onevision.engine.prefill import Prefill
from onevision.engine.torch import TorchEngine
from onevision.errors import InputError, MissingPartError
from onevision.models.prompts import messages_for
from onevision.train.rollout import TorchRollouts

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")

CHATS = [messages_for([], "How many red circles are there?"), messages_for([], "And another one, somewhat longer, is it?")]


@pytest.fixture(scope="module", params=[Transposed, Blocked])
def product(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What multiplies on processors of either make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "product", lambda: request.param)
        yield request.param


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, product: Any) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platformdirs, "user_cache_dir", lambda name: str(folder / name))
        yield folder / "onevision" / "compiled"


@pytest.fixture(scope="module")
def engine(tiny: tuple[Any, Any], cache: Path) -> TorchEngine:
    return TorchEngine(*tiny, compiled=True)


def prefill(engine: TorchEngine, lengths: list[int]) -> Prefill:
    """As if prompts of these lengths had been run."""
    w, longest = engine._lean(), max(lengths)
    mask = torch.tensor([[0] * (longest - length) + [1] * length for length in lengths])
    layers = [tuple(torch.randn(len(lengths), w.kv_heads, longest, w.head_dim) for _ in "kv") for _ in w.layers]
    return Prefill(torch.zeros(len(lengths), len(w.embed)), layers, mask, torch.tensor(lengths))  # type: ignore[arg-type]


@needs_compiler
@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 99),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    n=st.integers(1, 3),
    steps=st.integers(1, 6),
    gone=st.sets(st.integers(0, 11)),
)
def test_logits_are_those_of_plain_steps(engine, seed, lengths, n, steps, gone):
    """To the last place that a memory has room for, before and after some rows have left."""
    torch.manual_seed(seed)
    prompts = prefill(engine, lengths)
    decoders = LeanDecoder(engine._lean()), engine.decoder()
    assert isinstance(decoders[1], CompiledDecoder)
    for decoder in decoders:
        decoder.join(prompts, n, [steps] * len(lengths) * n)
    rows = len(lengths) * n
    for step in range(steps):
        tokens = torch.randint(0, 300, (rows,))
        one, other = (decoder.step(tokens) for decoder in decoders)
        torch.testing.assert_close(other, one, atol=1e-4, rtol=1e-4)
        if step == steps // 2 and (leaving := {row for row in gone if row < rows}) and len(leaving) < rows:
            assert decoders[0].drop(leaving) == decoders[1].drop(leaving)
            rows -= len(leaving)


@needs_compiler
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 99), length=st.integers(1, 9), ran=st.integers(1, 5), wrong=st.integers(0, 5))
def test_a_lone_row_runs_several_tokens_and_forgets_some(engine, seed, length, ran, wrong):
    torch.manual_seed(seed)
    prompts = prefill(engine, [length])
    decoders = LeanDecoder(engine._lean()), engine.decoder()
    for decoder in decoders:
        decoder.join(prompts, 1, [12])
    for count in (ran, 1, ran):
        tokens = torch.randint(0, 300, (count,))
        one, other = (decoder.run(tokens) for decoder in decoders)
        torch.testing.assert_close(other, one, atol=1e-4, rtol=1e-4)
        for decoder in decoders:
            decoder.forget(min(wrong, count - 1))


def inputs_of(chats: Sequence[Any], engine: PlainEngine) -> tuple[dict[str, torch.Tensor], Sequence[torch.Tensor]]:
    inputs = engine._inputs(chats)
    return inputs, engine.look(inputs["pixel_values"], inputs["image_grid_thw"]) if "pixel_values" in inputs else []


@needs_compiler
@pytest.mark.parametrize("int8", [False, True])
def test_features_and_prompts_are_those_of_the_plain_ones(tiny_model_dir, cache, product, int8):
    """Of any size and number: one merged patch, wide, high, several pictures, none."""
    if int8 and product is Blocked:
        pytest.skip("eight bits are multiplied in one way")
    plain, fast = PlainEngine(tiny_model_dir), PlainEngine(tiny_model_dir, torch.int8 if int8 else torch.float32, compiled=True)
    generator = np.random.default_rng(0)
    pictures = [
        Image.fromarray(generator.integers(0, 255, (high, wide, 3), dtype=np.uint8))
        for wide, high in ((28, 28), (28, 56), (140, 28), (84, 112), (28, 28), (224, 196))
    ]
    shown = [messages_for(some, "Which is larger?") for some in (pictures[:1], pictures[1:4], pictures[4:])]
    chats = [*shown, *CHATS]
    off = 0.2 if int8 else 1e-4
    with torch.inference_mode():
        for some in (chats, chats[:1], chats[3:]):
            (inputs, wanted), (_, seen) = (inputs_of(some, engine) for engine in (plain, fast))
            assert all((one - other).norm() <= off * other.norm() for one, other in zip(seen, wanted, strict=True))
            ours, theirs = (engine.run(inputs, wanted) for engine in (fast, plain))
            assert (ours.logits - theirs.logits).norm() <= off * theirs.logits.norm()
            assert torch.equal(ours.next_position, theirs.next_position)
            for one, other in zip(ours.layers, theirs.layers, strict=True):
                assert all((mine - its).norm() <= off * its.norm() for mine, its in zip(one, other, strict=True))


@needs_compiler
def test_several_memories_at_once_and_texts(engine, tiny):
    plain = TorchEngine(*tiny)
    for how in (SamplingParams(max_new_tokens=24), SamplingParams(max_new_tokens=24, temperature=0.9, seed=5)):
        texts = [[c.text for c in each.complete(each._prefill(CHATS), how, n)] for each in (plain, engine) for n in (1, 3)]
        assert texts[:2] == texts[2:]
    torch.manual_seed(0)
    alone, together = prefill(engine, [3, 5]), prefill(engine, [4])
    decoders = LeanDecoder(engine._lean()), engine.decoder()
    for decoder in decoders:
        decoder.join(alone, 1, [4, 4])
        decoder.join(together, 2, [4, 4])
    one, other = (decoder.step(torch.tensor([5, 6, 7, 8])) for decoder in decoders)
    torch.testing.assert_close(other, one, atol=1e-4, rtol=1e-4)


@needs_compiler
def test_it_is_compiled_once_and_follows_weights_that_learn(engine, tiny, cache, monkeypatch):
    assert list(cache.glob("*.so"))
    monkeypatch.setattr(aot, "_compile", lambda *_: pytest.fail("compiled again"))
    model, processor = tiny
    rollouts = TorchRollouts(model, processor, compiled=True)
    how = SamplingParams(max_new_tokens=12, temperature=1.0)

    def texts(each: TorchEngine) -> list[str]:
        return [c.text for c in each.complete(each._prefill(CHATS[:1]), how, 3, seeds=[4])]

    before = texts(rollouts.engine)
    weight = model.model.language_model.layers[0].mlp.down_proj.weight
    kept = weight.detach().clone()
    try:
        with torch.no_grad():
            weight.add_(torch.randn_like(weight), alpha=0.5)
        assert texts(rollouts.engine) == texts(TorchEngine(model, processor)) != before
    finally:
        with torch.no_grad():
            weight.copy_(kept)


def test_a_compiler_that_fails_is_one_line_and_leaves_nothing(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("No working C++ compiler\nfound")

    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", fail)
    with pytest.raises(MissingPartError, match=r"could not be compiled \(No working C\+\+ compiler found\).*apt-get install g\+\+"):
        CompiledSteps(TorchEngine(*tiny)._lean())
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_cannot_be_compiled_is_refused(tiny, tiny_model_dir, tmp_path):
    with pytest.raises(InputError, match="only float32 and int8 on a CPU"):
        load_local("nano", device="cpu", dtype="bfloat16", compiled=True)
    with pytest.raises(InputError, match="openai sees to its own speed"):
        load_engine("openai:nano@http://localhost:1/v1", compiled=True)
    with pytest.raises(InputError, match="vllm sees to its own speed"):
        load_engine("vllm:nano", compiled=True)
    windows = tmp_path / "gelu"
    shutil.copytree(tiny_model_dir, windows)
    config = json.loads((windows / "config.json").read_text())
    config["text_config"]["hidden_act"] = "gelu"
    (windows / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="only small plain models"):
        load_local(windows, device="cpu", compiled=True)


def test_compiled_answers_are_told_from_others(tiny_model_dir):
    names = {identity(str(tiny_model_dir), dtype, compiled) for dtype in ("auto", "float32") for compiled in (False, True)}
    assert len(names) == 4 and all("#" in name for name in names)
