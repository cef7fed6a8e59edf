"""Packing changes how the work is laid out, never what comes out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision.models.load import load_model
from onevision.models.positions import mrope_positions
from onevision.train import pack as packing
from onevision.train.encode import IGNORE, Encoded, collate, encode, supervised
from onevision.train.pack import Packing, picture_features, use_packing
from onevision.train.see import patchify
from onevision.types import Description, Problem, Sample


@pytest.fixture(scope="module")
def loaded(tiny_model_dir):
    return load_model(tiny_model_dir, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def packed(tiny_model_dir):
    model, _ = load_model(tiny_model_dir, device="cpu", dtype="float32")
    use_packing(model)
    return model


@st.composite
def samples(draw):
    """A question with no, one or several pictures of any size, and an answer."""
    sizes = draw(st.lists(st.tuples(st.integers(28, 130), st.integers(28, 130)), max_size=3))
    seed = draw(st.integers(0, 9))
    pictures = tuple(Image.fromarray(np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in sizes)
    content = [
        *({"type": "image", "image": one} for one in pictures),
        {"type": "text", "text": draw(st.sampled_from(("Which?", "Why not " * 5)))},
    ]
    answer = {"role": "assistant", "content": draw(st.sampled_from(("7", "three red apples", "12+30=42 " * 6)))}
    return Sample(Problem("", pictures, ""), Description("", ""), [{"role": "user", "content": content}, answer])


def shown(sample, processor):
    """A sample encoded, its pixels as the tower takes them."""
    one = encode(sample, processor)
    return replace(one, pixel_values=processor.normalised(one.pixel_values))


def alone(model, one):
    """Log-probabilities of a sample's supervised tokens by transformers' own forward."""
    ids = one.input_ids[None]
    kinds = (ids == model.config.image_token_id).int()
    positions, _ = model.model.get_rope_index(ids, kinds, one.grid if len(one.grid) else None, attention_mask=torch.ones_like(ids))
    seen = {"pixel_values": one.pixel_values, "image_grid_thw": one.grid} if len(one.grid) else {}
    logits = model(input_ids=ids, position_ids=positions, mm_token_type_ids=kinds, **seen).logits[0]
    place, target = supervised(one.labels)
    return logits[place].log_softmax(-1).gather(1, target[:, None])[:, 0]


def gradients(model):
    found = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()}
    model.zero_grad()
    return found


def equal(mine, wanted, relative=1e-5):
    assert mine.keys() == wanted.keys()
    for name, gradient in wanted.items():
        assert float((mine[name] - gradient).norm()) <= relative * float(gradient.norm()) + 1e-7, name


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(samples(), min_size=1, max_size=4))
def test_packed_is_unpacked(loaded, packed, drawn):
    """Loss and gradients to 1e-5 relative: text alone, one picture, several pictures, all mixed in one row."""
    model, processor = loaded
    encoded = [shown(sample, processor) for sample in drawn]
    wanted = torch.cat([alone(model, one) for one in encoded])
    (-wanted.mean()).backward()
    row = collate(encoded)
    scored = packed(row, *supervised(row["labels"]))
    loss = -scored.logprobs.mean()
    loss.backward()
    torch.testing.assert_close(loss, -wanted.mean(), rtol=1e-5, atol=0)
    torch.testing.assert_close(scored.logprobs, wanted, rtol=1e-4, atol=1e-5)
    equal(gradients(packed), gradients(model))


@pytest.fixture(scope="module")
def row(loaded):
    from onevision import tasks

    encoded = [shown(tasks.make(name, size=(112, 200)).sample(7), loaded[1]) for name in ("scene", "chain", "clock")]
    return collate(encoded), encoded


def test_the_head_in_pieces_is_the_head_in_one(packed, row, monkeypatch):
    batch, _ = row
    found = []
    for cells in (2**26, packed.config.text_config.vocab_size * 10):
        monkeypatch.setattr(packing, "HEAD_CELLS", cells)
        scored = packed(batch, *supervised(batch["labels"]))
        scored.logprobs.sum().backward()
        found.append((scored, gradients(packed)))
    for mine, wanted in zip(*(scored for scored, _ in found), strict=True):
        torch.testing.assert_close(mine, wanted)
    equal(found[1][1], found[0][1])


def test_known_features_stand_for_pictures(packed, row):
    batch, encoded = row
    with torch.no_grad():
        features = [picture_features(packed.model.visual, one.pixel_values, one.grid) for one in encoded]
        wanted = packed(batch, *supervised(batch["labels"])).logprobs
        none = {"pixel_values": torch.zeros(0, 1176), "grid": torch.zeros(0, 3, dtype=torch.long)}
        for known in ([0, 1, 2], [1]):
            mixed = [replace(one, features=features[n], **none) if n in known else one for n, one in enumerate(encoded)]
            some = collate([replace(one, number=n) for n, one in enumerate(mixed)])
            assert ("pixel_values" in some) == (len(known) < 3)
            found = packed(some, *supervised(some["labels"]), features=some["features"]).logprobs
            order = [number for number, _ in some["samples"]]
            sizes = [len(supervised(one.labels)[0]) for one in encoded]
            torch.testing.assert_close(found, torch.cat([wanted.split(sizes)[n] for n in order]), atol=1e-4, rtol=1e-4)


def test_without_a_batch_the_model_is_what_it_was(loaded, packed, row):
    one = row[1][0]
    torch.testing.assert_close(alone(packed, one), alone(loaded[0], one), atol=1e-4, rtol=1e-4)


def test_a_row_without_pictures_runs_every_weight(packed, loaded):
    """Processes of a sharded model must all run the same parts: the tower sees a blank picture and gets a gradient of zero."""
    said = [{"role": "user", "content": [{"type": "text", "text": "Why?"}]}, {"role": "assistant", "content": "So."}]
    batch = collate([encode(Sample(Problem("", (), ""), Description("", ""), said), loaded[1])])
    packed(batch, *supervised(batch["labels"])).logprobs.sum().backward()
    assert all(weight.grad is not None for weight in packed.parameters())
    assert not any(weight.grad.any() for weight in packed.model.visual.parameters())
    packed.zero_grad()


def test_a_row_without_supervised_tokens_has_a_gradient_of_zero(packed, row):
    batch, _ = row
    none = torch.full_like(batch["labels"], IGNORE)
    packed(batch, *supervised(none)).logprobs.sum().backward()
    assert not gradients(packed)


def test_positions_are_the_models_own(loaded, row):
    model, _ = loaded
    for one in row[1]:
        ids = one.input_ids[None]
        wanted, _ = model.model.get_rope_index(
            ids, image_grid_thw=one.grid, attention_mask=torch.ones_like(ids), mm_token_type_ids=(ids == model.config.image_token_id).int()
        )
        torch.testing.assert_close(mrope_positions(one.input_ids.tolist(), one.grid.tolist(), model.config.image_token_id), wanted[:, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_gated_unit_has_the_bits_of_its_operations(dtype):
    """Less is kept for the way back, nothing else changes."""
    gate, up, weight = (torch.randn(7, 40, dtype=dtype) for _ in range(3))
    made = []
    for unit in (packing._Gated.apply, lambda gate, up: torch.nn.functional.silu(gate) * up):
        inputs = gate.clone().requires_grad_(), up.clone().requires_grad_()
        out = unit(*inputs)
        (out * weight).sum().backward()
        made.append((out.detach(), inputs[0].grad, inputs[1].grad))
    assert all(torch.equal(one, other) for one, other in zip(*made, strict=True))


def test_packing_reaches_every_gated_unit(packed):
    units = [part for part in packed.modules() if hasattr(part, "gate_proj")]
    assert len(units) == 4 and all(part.forward.__func__ is packing._mlp for part in units)


def test_patchify_is_the_processors_own(loaded):
    processor = loaded[1].image_processor
    pixels = np.random.default_rng(0).integers(0, 256, (140, 196, 3), dtype=np.uint8)
    wanted = processor(images=[Image.fromarray(pixels)], return_tensors="np")["pixel_values"]
    mean, std = np.array(processor.image_mean), np.array(processor.image_std)
    np.testing.assert_allclose(patchify((pixels / 255.0 - mean) / std), wanted, atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("alone", "parts"), [(160, [[5, 4], [2, 2]]), (4, [[5], [4, 2], [2]]), (1, [[5], [4], [2], [2]])])
def test_attention_stays_inside_each_sample(causal, alone, parts, monkeypatch):
    """Both ways of computing it: samples of about one length as a batch, and long ones one by one."""
    monkeypatch.setattr(packing, "ALONE", alone)
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 13, 4, 8)
    row = Packing([5, 4, 2, 2], causal)
    assert [list(part.lengths) for part in row.parts] == parts
    whole = row.attend(q, k[:, :2], v[:, :2], 0.3)
    for part in (slice(0, 5), slice(5, 9), slice(9, 11), slice(11, 13)):
        scores = torch.einsum("qhd,khd->hqk", q[part], k[part, :2].repeat_interleave(2, 1)) * 0.3
        size = scores.shape[-1]
        seen = torch.ones(size, size).tril() if causal else torch.ones(size, size)
        mixed = torch.einsum("hqk,khd->qhd", scores.masked_fill(seen == 0, float("-inf")).softmax(-1), v[part, :2].repeat_interleave(2, 1))
        torch.testing.assert_close(whole[part], mixed.flatten(1))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("longest", [160, 2048])
def test_bfloat16_attends_as_float32_does(causal, longest, monkeypatch):
    """On a CPU samples longer than a batch takes are products of their own there, head by head, unless they are too long."""
    monkeypatch.setattr(packing, "BY_HEADS", longest)
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 390, 4, 8)
    row = Packing([170, 20, 200], causal)
    wanted = row.attend(q, k[:, :2], v[:, :2], 0.3)
    low = row.attend(*(x.bfloat16() for x in (q, k[:, :2], v[:, :2])), 0.3)
    torch.testing.assert_close(low.float(), wanted, atol=0.05, rtol=0.05)


def test_encoded_fields_that_prompts_use():
    """GRPO cuts prompts out of samples by these, in this order."""
    assert list(Encoded.__dataclass_fields__)[:5] == ["input_ids", "labels", "positions", "pixel_values", "grid"]
