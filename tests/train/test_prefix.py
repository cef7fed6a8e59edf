"""A shared prompt changes how the work is laid out, never what comes out."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision import tasks
from onevision.models.load import load_model
from onevision.train.loss import Clipping, completion_weights, policy_loss
from onevision.train.pack import Packing, use_packing
from onevision.train.prefix import FlexPrefix, Group, SharedPrefix, collate_groups, rows_of_groups, tree
from onevision.train.prompts import prompt_of
from onevision.types import Problem

KINDS = ("grpo", "dr_grpo", "dapo", "gspo", "cispo")

shapes = st.lists(st.tuples(st.integers(1, 7), st.lists(st.integers(1, 6), min_size=1, max_size=4)), min_size=1, max_size=3)


def places(shape):
    """The row's places of every completion's own path: its prompt, then itself."""
    prompts = [prompt for prompt, _ in shape]
    place = sum(prompts)
    for number, (prompt, completions) in enumerate(shape):
        start = sum(prompts[:number])
        for length in completions:
            yield [*range(start, start + prompt), *range(place, place + length)]
            place += length


@settings(max_examples=40, deadline=None)
@given(shape=shapes, kv_heads=st.sampled_from([1, 2, 4]))
def test_tree_attention_is_attention_along_each_path(shape, kv_heads):
    torch.manual_seed(0)
    prompts, completions = [p for p, _ in shape], [c for _, c in shape]
    row = sum(prompts) + sum(map(sum, completions))
    inputs = [torch.randn(row, heads, 8, dtype=torch.float64, requires_grad=True) for heads in (4, kv_heads, kv_heads)]
    shared = SharedPrefix(prompts, completions).attend(*inputs, 0.3)
    for path in places(shape):
        alone = Packing([len(path)], causal=True).attend(*(x[path] for x in inputs), 0.3)
        torch.testing.assert_close(shared[path], alone)
        # The gradient of a path's own tokens alone is comparable: the prompt's is a sum over its completions.
        wanted = torch.autograd.grad(alone[-1].sum(), inputs, retain_graph=True)
        found = torch.autograd.grad(shared[path[-1]].sum(), inputs, retain_graph=True)
        for a, b in zip(found, wanted, strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
def test_the_gpu_form_sees_the_same_tree():
    torch.manual_seed(1)
    q, k, v = torch.randn(20, 4, 8), torch.randn(20, 2, 8), torch.randn(20, 2, 8)
    shape = ([5, 3], [[4, 2, 1], [3, 2]])
    torch.testing.assert_close(
        FlexPrefix(*shape, "cpu").attend(q, k, v, 0.3), SharedPrefix(*shape).attend(q, k, v, 0.3), atol=1e-5, rtol=1e-5
    )


@pytest.fixture(scope="module")
def prompts(tiny):
    """Two pictures, one picture, none: as different as prompts of one row can be."""
    processor = tiny[1]
    scene, chain = tasks.make("scene", size=(84, 84)).problem(3), tasks.make("chain", size=(84, 112)).problem(4)
    two = Problem("two", (*scene.images, Image.new("RGB", (60, 90), "red")), "Are both pictures alike?", answer="no")
    text = Problem("text", (), "What is 3 + 14?", answer="17")
    encoded = [prompt_of(problem, processor).encoded for problem in (two, chain, text)]
    return [replace(one, pixel_values=processor.normalised(one.pixel_values)) for one in encoded]


@pytest.fixture
def model(tiny_model_dir):
    model = load_model(tiny_model_dir, device="cpu", dtype="float32")[0]
    use_packing(model)
    return model


def completions_of(groups, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [[torch.randint(0, 300, (length,), generator=generator).tolist() for length in lengths] for lengths in groups]


def score(model, groups):
    batch = collate_groups(groups)
    return model(batch, batch["score"], batch["targets"], 0.9, packing=tree(batch["prompts"], batch["completions"], "cpu")), batch["owner"]


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


# The last: a group of one, with one token.
GROUPS = ([5, 1, 9], [2, 7, 4], [1])


@pytest.mark.parametrize("kind", KINDS)
def test_shared_equals_unshared(model, prompts, kind):
    """Log-probabilities and the gradients of every loss: one row with shared prompts against a row for each completion."""
    completions = completions_of(GROUPS)
    lengths = torch.tensor([len(c) for group in completions for c in group])
    generator = torch.Generator().manual_seed(1)
    gains, old, reference = (torch.randn(n, generator=generator) for n in (len(lengths), int(lengths.sum()), int(lengths.sum())))
    weights = completion_weights(lengths, kind, 16, len(lengths), int(lengths.sum()))
    clipping = Clipping(kind, 0.2, 0.28, beta=0.1)
    together, owner = score(model, [Group(p, c) for p, c in zip(prompts, completions, strict=True)])
    # Near the policy, so that some ratios are clipped and some are not.
    old = together.logprobs.detach() + 0.2 * old
    reference = together.logprobs.detach() + 0.3 * reference
    shared, _ = policy_loss(together.logprobs, old, reference, gains, weights, owner, clipping)
    found = gradients(model, shared)

    each = [score(model, [Group(p, [c])])[0].logprobs for p, group in zip(prompts, completions, strict=True) for c in group]
    separate, _ = policy_loss(torch.cat(each), old, reference, gains, weights, owner, clipping)
    torch.testing.assert_close(together.logprobs, torch.cat(each), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(shared, separate, atol=1e-6, rtol=1e-5)
    for name, wanted in gradients(model, separate).items():
        error = (found[name] - wanted).norm() / wanted.norm().clamp(min=1e-6)
        assert error < 1e-5, (name, float(error))


def test_equals_the_models_own_forward(tiny_model_dir, model, prompts):
    """Against transformers itself: one prompt and completion as an ordinary unpacked input."""
    plain = load_model(tiny_model_dir, device="cpu", dtype="float32")[0]
    prompt, completion = prompts[1], completions_of([[6]])[0][0]
    ids = torch.cat((prompt.input_ids, torch.tensor(completion)))[None]
    logits = plain(
        input_ids=ids,
        pixel_values=prompt.pixel_values,
        image_grid_thw=prompt.grid,
        mm_token_type_ids=(ids == plain.config.image_token_id).int(),
    ).logits[0]
    wanted = (logits[-len(completion) - 1 : -1] / 0.9).log_softmax(-1).gather(1, torch.tensor(completion)[:, None]).squeeze(1)
    found = score(model, [Group(prompt, [completion, [7, 8]])])[0].logprobs[: len(completion)]
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_kept_features_stand_for_the_pixels(model, prompts):
    from onevision.train.pack import picture_features

    batch = collate_groups([Group(prompts[0], [[5, 6]]), Group(prompts[1], [[7]])])
    layout = tree(batch["prompts"], batch["completions"], "cpu")
    looked = model(batch, batch["score"], batch["targets"], packing=layout).logprobs
    features = picture_features(model.model.visual, batch.pop("pixel_values"), batch["image_grid_thw"])
    torch.testing.assert_close(model(batch, batch["score"], batch["targets"], packing=layout, features=features).logprobs, looked)


def test_rows_hold_what_fits(prompts):
    group = Group(prompts[2], [[1] * 10])
    assert rows_of_groups([group] * 5, most=2 * group.tokens) == [[0, 1], [2, 3], [4]]
    assert rows_of_groups([group] * 2, most=3) == [[0], [1]], "a group that is too long has a row of its own"
