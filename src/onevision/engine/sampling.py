"""Pick the next token of every row, greedily or at random, reproducibly."""

import secrets
from collections.abc import Sequence

import torch
from torch import Tensor

from onevision.engine.base import SamplingParams

# Random numbers are drawn ahead in blocks.
_BLOCK = 256
_SEED_STEP = 0x9E3779B97F4A7C15


class Draws:
    """A row's uniform random numbers: the t-th depends on (seed, row, t) alone, on no other row and on no device."""

    def __init__(self, seed: int, row: int) -> None:
        self._generator = torch.Generator().manual_seed((seed + row * _SEED_STEP) % 2**63)
        self._ahead: list[float] = []

    def next(self) -> float:
        """A number in [0, 1)."""
        if not self._ahead:
            self._ahead = torch.rand(_BLOCK, generator=self._generator, dtype=torch.float64).tolist()[::-1]
        return self._ahead.pop()


class Sampler:
    """How one row picks its tokens. row: its number among the completions of its prompt; seed: in place of sampling's own."""

    def __init__(self, sampling: SamplingParams, row: int = 0, seed: int | None = None) -> None:
        self.temperature, self.top_p = sampling.temperature, sampling.top_p
        self.greedy = sampling.temperature == 0.0
        seed = sampling.seed if seed is None else seed
        self.draws = Draws(secrets.randbits(63) if seed is None else seed, row)


@torch.inference_mode()
def pick(logits: Tensor, samplers: Sequence[Sampler], banned: Tensor) -> tuple[Tensor, Tensor]:
    """logits (rows, vocab) float32, overwritten -> tokens (rows,) int64 and log-probabilities (rows, vocab) under the
    model's own softmax at temperature 1, before banning. banned: (k,) int64 ids that are never picked."""
    logprobs = logits.log_softmax(-1)
    logits.index_fill_(1, banned, float("-inf"))
    tokens = logits.argmax(-1)
    if hot := [row for row, sampler in enumerate(samplers) if not sampler.greedy]:
        where = torch.tensor(hot, device=logits.device)
        tokens[where] = _sample(logits[where], [samplers[row] for row in hot])
    return tokens, logprobs


def _sample(logits: Tensor, samplers: Sequence[Sampler]) -> Tensor:
    """Inverse of the cumulative distribution at one uniform number a row."""
    settings = torch.tensor([(one.temperature, one.top_p, one.draws.next()) for one in samplers], dtype=torch.float64, device=logits.device)
    temperature, top_p, uniform = settings[:, :, None].unbind(1)
    probs = torch.softmax(logits.double() / temperature, -1)
    if bool((top_p < 1.0).any()):
        probs = _nucleus(probs, top_p)
    cumulative = probs.cumsum(-1)
    return torch.searchsorted(cumulative, uniform * cumulative[:, -1:], right=True)[:, 0].clamp_(max=logits.shape[1] - 1)


def _nucleus(probs: Tensor, top_p: Tensor) -> Tensor:
    """Zero all but the most likely tokens that together hold top_p, (rows, 1)."""
    ordered, order = probs.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered
    return torch.zeros_like(probs).scatter_(-1, order, ordered.masked_fill((before >= top_p) & (top_p < 1.0), 0.0))
