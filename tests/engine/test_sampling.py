"""Picking tokens."""

import pytest
import torch

from onevision.engine.base import SamplingParams
from onevision.engine.sampling import Sampler, pick

NONE = torch.empty(0, dtype=torch.int64)


def draws(logits: list[float], count: int = 4000, banned: torch.Tensor = NONE, **sampling: float) -> torch.Tensor:
    params = SamplingParams(seed=0, **{"temperature": 1.0} | sampling)  # type: ignore[arg-type]
    samplers = [Sampler(params, row) for row in range(20)]
    rows = torch.tensor([logits] * 20)
    return torch.stack([pick(rows.clone(), samplers, banned)[0] for _ in range(count // 20)])


def test_frequencies_follow_the_softmax() -> None:
    probs = torch.tensor([0.1, 0.2, 0.3, 0.4])
    counts = torch.bincount(draws(probs.log().tolist()).flatten(), minlength=4) / 4000
    torch.testing.assert_close(counts, probs, atol=0.03, rtol=0.0)


def test_temperature_sharpens_and_top_p_cuts() -> None:
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().tolist()
    assert set(draws(logits, top_p=0.5).flatten().tolist()) == {2, 3}
    assert set(draws(logits, top_p=0.39).flatten().tolist()) == {3}
    assert (draws(logits, temperature=0.1) == 3).float().mean() > 0.9


def test_banned_tokens_are_not_picked_but_count_in_the_logprob() -> None:
    token, logprobs = pick(torch.tensor([[0.0, 1.0, 5.0]]), [Sampler(SamplingParams())], torch.tensor([2]))
    assert token.item() == 1
    assert logprobs[0, 1].item() == pytest.approx(torch.tensor([0.0, 1.0, 5.0]).log_softmax(0)[1].item())


def test_a_row_keeps_its_numbers_when_others_leave() -> None:
    sampling = SamplingParams(temperature=1.0, seed=3)
    stay, leave = ([Sampler(sampling, row) for row in range(3)] for _ in range(2))
    for step in range(600):  # past two blocks of random numbers
        expected, _ = pick(torch.zeros(3, 50), stay, NONE)
        if step == 100:
            leave = leave[2:]
        got, _ = pick(torch.zeros(len(leave), 50), leave, NONE)
        assert torch.equal(got, expected[2:] if step >= 100 else expected)


def test_rows_of_one_batch_sample_each_in_its_own_way() -> None:
    """As if each were alone: temperature, top_p and seed belong to the row."""
    ways = [{}, {"temperature": 1.0, "seed": 1}, {"temperature": 3.0, "top_p": 0.5, "seed": 2}, {"temperature": 0.3, "seed": 3}]
    together = [Sampler(SamplingParams(**way)) for way in ways]
    alone = [Sampler(SamplingParams(**way)) for way in ways]
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        logits = torch.randn(4, 30, generator=generator)
        picked, _ = pick(logits.clone(), together, NONE)
        assert picked.tolist() == [pick(logits[[row]].clone(), [sampler], NONE)[0].item() for row, sampler in enumerate(alone)]
