"""Picking tokens."""

import pytest
import torch

from onevision.engine.base import SamplingParams
from onevision.engine.sampling import Picker

NONE = torch.empty(0, dtype=torch.int64)


def draws(logits: list[float], count: int = 4000, banned: torch.Tensor = NONE, **sampling: float) -> torch.Tensor:
    picker = Picker(SamplingParams(seed=0, **{"temperature": 1.0} | sampling), 20, banned)  # type: ignore[arg-type]
    rows = torch.tensor([logits] * 20)
    return torch.stack([picker.pick(rows.clone())[0] for _ in range(count // 20)])


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
    picker = Picker(SamplingParams(), 1, torch.tensor([2]))
    token, logprob = picker.pick(torch.tensor([[0.0, 1.0, 5.0]]))
    assert token.item() == 1
    assert logprob.item() == pytest.approx(torch.tensor([0.0, 1.0, 5.0]).log_softmax(0)[1].item())


def test_a_row_keeps_its_numbers_when_others_leave() -> None:
    logits = torch.zeros(3, 50)
    sampling = SamplingParams(temperature=1.0, seed=3)
    stay, leave = Picker(sampling, 3, NONE), Picker(sampling, 3, NONE)
    for step in range(600):  # past two blocks of random numbers
        expected = stay.pick(logits.clone())[0]
        if step == 100:
            leave.keep(torch.tensor([2]))
        got = leave.pick(logits[: 1 if step >= 100 else 3].clone())[0]
        assert torch.equal(got, expected[2:] if step >= 100 else expected)
