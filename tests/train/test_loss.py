"""The losses against their papers' formulas, written out one completion at a time."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onevision.train.loss import Clipping, advantages, completion_weights, kl_estimate, overlong_penalty, policy_loss

LENGTHS = [3, 1, 4]
GAINS = [1.5, -0.5, -1.0]
LONGEST = 6


@pytest.fixture
def tokens():
    torch.manual_seed(0)
    new, old, reference = (-torch.rand(sum(LENGTHS), dtype=torch.float64) * 2 for _ in range(3))
    return new.requires_grad_(), old, reference


def by_completion(flat):
    return [part.tolist() for part in flat.split(LENGTHS)]


def clipped(ratio, gain, low, high):
    return min(ratio * gain, min(max(ratio, low), high) * gain)


def papers(kind, new, old):
    """Each objective as its paper writes it, with plain numbers."""
    new, old = by_completion(new.detach()), by_completion(old)
    ratios = [[math.exp(a - b) for a, b in zip(n, o, strict=True)] for n, o in zip(new, old, strict=True)]
    terms = [[clipped(r, gain, 0.8, 1.3) for r in rs] for rs, gain in zip(ratios, GAINS, strict=True)]
    if kind == "grpo":
        return sum(sum(t) / len(t) for t in terms) / len(terms)
    if kind == "dr_grpo":
        return sum(sum(t) for t in terms) / (len(terms) * LONGEST)
    if kind == "dapo":
        return sum(sum(t) for t in terms) / sum(LENGTHS)
    if kind == "gspo":
        sequence = [math.exp(sum(a - b for a, b in zip(n, o, strict=True)) / len(n)) for n, o in zip(new, old, strict=True)]
        return sum(clipped(s, gain, 0.8, 1.3) for s, gain in zip(sequence, GAINS, strict=True)) / len(GAINS)
    weighted = [[min(r, 1.3) * gain * lp for r, lp in zip(rs, n, strict=True)] for rs, gain, n in zip(ratios, GAINS, new, strict=True)]
    return sum(sum(t) for t in weighted) / sum(LENGTHS)


def ours(kind, new, old, reference=None, beta=0.0):
    owner = torch.repeat_interleave(torch.arange(3), torch.tensor(LENGTHS))
    weights = completion_weights(torch.tensor(LENGTHS), kind, LONGEST, 3, sum(LENGTHS)).double()
    return policy_loss(new, old, reference, torch.tensor(GAINS, dtype=torch.float64), weights, owner, Clipping(kind, 0.2, 0.3, beta))


@pytest.mark.parametrize("kind", ["grpo", "dr_grpo", "dapo", "gspo", "cispo"])
def test_is_the_papers(tokens, kind):
    new, old, _ = tokens
    assert ours(kind, new, old)[0].item() == pytest.approx(-papers(kind, new, old))


def test_cispo_lets_no_gradient_through_the_ratio(tokens):
    new, old, _ = tokens
    ours("cispo", new, old)[0].backward()
    assert (new.grad != 0).all()


def test_a_clipped_token_has_no_gradient():
    new = torch.tensor([0.0, 0.0], requires_grad=True)
    loss, sums = policy_loss(
        new, torch.tensor([-1.0, 0.0]), None, torch.ones(1), torch.ones(1) / 2, torch.tensor([0, 0]), Clipping("grpo", 0.2)
    )
    loss.backward()
    assert new.grad.tolist() == [0.0, -0.5]
    assert float(sums["clip_fraction"]) == 0.5


def test_reference_pulls(tokens):
    new, old, reference = tokens
    free, _ = ours("grpo", new, old)
    held, sums = ours("grpo", new, old, reference, beta=0.04)
    assert (held - free).item() == pytest.approx(0.04 * float(sums["kl"]))
    assert (kl_estimate(new, reference) >= 0).all()
    assert float(kl_estimate(reference, reference).abs().max()) == 0.0


@given(st.lists(st.lists(st.floats(-2, 2), min_size=4, max_size=4), min_size=1, max_size=4))
def test_advantages_of_a_group_sum_to_nothing(rewards):
    for scale in ("group", "batch", "none"):
        assert float(advantages(torch.tensor(rewards, dtype=torch.float64), scale).sum(1).abs().max()) < 1e-3


def test_advantages():
    nan = float("nan")
    rewards = torch.tensor([[1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0], [1.0, nan, 0.0, nan]])
    plain = advantages(rewards, "none")
    assert plain.tolist() == [[0.5, -0.5, 0.5, -0.5], [0.0] * 4, [0.5, 0.0, -0.5, 0.0]]
    scaled = advantages(rewards, "group")
    assert scaled[0, 0].item() == pytest.approx(0.5 / (math.sqrt(1 / 3) + 1e-4))
    assert scaled[1].tolist() == [0.0] * 4
    known = rewards[~rewards.isnan()]
    assert advantages(rewards, "batch")[0, 0].item() == pytest.approx(0.5 / (known.std().item() + 1e-4))
    assert torch.equal(advantages(rewards[:1], "batch", rewards), advantages(rewards, "batch")[:1]), "wherever the others are"
    assert advantages(torch.full((2, 3), nan), "group").tolist() == [[0.0] * 3] * 2, "nobody could judge"


def test_an_update_may_be_summed_row_by_row():
    lengths = torch.tensor([4, 2, 6])
    for kind in ("grpo", "dr_grpo", "dapo", "cispo"):
        whole = completion_weights(lengths, kind, 8, 3, 12)
        halves = torch.cat([completion_weights(part, kind, 8, 3, 12) for part in lengths.split([1, 2])])
        torch.testing.assert_close(whole, halves)


def test_overlong_penalty():
    assert overlong_penalty([10, 80, 90, 100], longest=100, buffer=20) == [0.0, 0.0, -0.5, -1.0]
    assert overlong_penalty([100], longest=100, buffer=0) == [0.0]
