"""Packing changes how the work is laid out, never what comes out."""

import numpy as np
import pytest
import torch
from PIL import Image

from onevision import tasks
from onevision.models.load import load_model
from onevision.train.encode import IGNORE, collate, encode
from onevision.train.pack import Packing, hidden_states, mrope_positions, use_packing
from onevision.train.see import patchify


@pytest.fixture(scope="module")
def loaded(tiny_model_dir):
    return load_model(tiny_model_dir, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def samples():
    return [tasks.make(name, size=(112, 200)).sample(7) for name in ("scene", "chain", "clock")]


def logits_one_by_one(model, encoded):
    found = []
    for one in encoded:
        ids = one.input_ids[None]
        positions, _ = model.model.get_rope_index(
            ids, image_grid_thw=one.grid, attention_mask=torch.ones_like(ids), mm_token_type_ids=(ids == model.config.image_token_id).int()
        )
        found.append(model(input_ids=ids, pixel_values=one.pixel_values, image_grid_thw=one.grid, position_ids=positions).logits[0])
    return torch.cat(found)


def test_packed_logits_and_gradients_equal_separate_ones(tiny_model_dir, samples):
    model, processor = load_model(tiny_model_dir, device="cpu", dtype="float32")
    encoded = [encode(sample, processor) for sample in samples]
    separate = logits_one_by_one(model, encoded)
    weight = model.model.visual.patch_embed.proj.weight
    separate.logsumexp(-1).sum().backward()
    wanted, weight.grad = weight.grad.clone(), None
    use_packing(model)
    packed = model.lm_head(hidden_states(model, collate(encoded)))
    packed.logsumexp(-1).sum().backward()
    torch.testing.assert_close(packed, separate, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(weight.grad, wanted, atol=1e-4 * wanted.abs().max().item(), rtol=1e-3)


def test_positions_are_the_models_own(loaded, samples):
    model, processor = loaded
    for one in (encode(sample, processor) for sample in samples):
        ids = one.input_ids[None]
        wanted, _ = model.model.get_rope_index(
            ids, image_grid_thw=one.grid, attention_mask=torch.ones_like(ids), mm_token_type_ids=(ids == model.config.image_token_id).int()
        )
        torch.testing.assert_close(mrope_positions(one.input_ids.tolist(), one.grid.tolist(), model.config.image_token_id), wanted[:, 0])


def test_patchify_is_the_processors_own(loaded):
    processor = loaded[1].image_processor
    pixels = np.random.default_rng(0).integers(0, 256, (140, 196, 3), dtype=np.uint8)
    wanted = processor(images=[Image.fromarray(pixels)], return_tensors="np")["pixel_values"]
    mean, std = np.array(processor.image_mean), np.array(processor.image_std)
    np.testing.assert_allclose(patchify((pixels / 255.0 - mean) / std), wanted, atol=1e-5)


def test_attention_stays_inside_each_sample():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 9, 4, 8)
    whole = Packing([4, 5], causal=True).attend(q, k[:, :2], v[:, :2], 0.3)
    alone = Packing([5], causal=True).attend(q[4:], k[4:, :2], v[4:, :2], 0.3)
    torch.testing.assert_close(whole[4:], alone)


def test_only_the_answer_is_supervised(loaded, samples):
    _, processor = loaded
    one = encode(samples[0], processor)
    learnt = one.input_ids[one.labels != IGNORE]
    assert processor.tokenizer.decode(learnt) == samples[0].messages[-1]["content"] + "<|im_end|>"
    assert torch.equal(one.labels[-len(learnt) :], learnt)
