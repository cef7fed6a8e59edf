"""Pick the next token of every row, greedily or at random, reproducibly."""

import secrets
from collections.abc import Sequence

import torch
from torch import Tensor

from onevision.engine.base import SamplingParams

# Random numbers are drawn ahead in blocks of one size, so that row i's t-th number depends on (seed, i, t) alone.
_BLOCK = 256
_SEED_STEP = 0x9E3779B97F4A7C15


class Picker:
    """Picks one token a row. banned: (k,) int64 ids that are never picked. seeds: one for each equal share of the rows,
    in the place of sampling's own: row i of a share depends on its seed and i alone."""

    def __init__(self, sampling: SamplingParams, rows: int, banned: Tensor, seeds: Sequence[int] = ()) -> None:
        self.sampling = sampling
        self.banned = banned
        self.greedy = sampling.temperature == 0.0
        self.step = 0
        seeds = seeds or [secrets.randbits(63) if sampling.seed is None else sampling.seed]
        self.generators = [] if self.greedy else [_generator(seed, row) for seed in seeds for row in range(rows // len(seeds))]
        self.uniforms = torch.empty(rows, 0, dtype=torch.float64)

    @torch.inference_mode()
    def pick(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """logits (rows, vocab) float32, overwritten -> tokens (rows,) int64 and their log-probabilities (rows,) under
        the model's own softmax at temperature 1, before banning."""
        logprobs = logits.log_softmax(-1)
        logits.index_fill_(1, self.banned, float("-inf"))
        tokens = logits.argmax(-1) if self.greedy else self._sample(logits)
        return tokens, logprobs.gather(1, tokens[:, None])[:, 0]

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only. rows: (k,) int64."""
        self.generators = [self.generators[row] for row in rows.tolist()] if self.generators else []
        self.uniforms = self.uniforms[rows.cpu()]

    def _sample(self, logits: Tensor) -> Tensor:
        """Inverse of the cumulative distribution at one uniform number a row."""
        probs = torch.softmax(logits.double() / self.sampling.temperature, -1)
        if self.sampling.top_p < 1.0:
            probs = _nucleus(probs, self.sampling.top_p)
        cumulative = probs.cumsum(-1)
        threshold = self._uniform().to(logits.device)[:, None] * cumulative[:, -1:]
        return torch.searchsorted(cumulative, threshold, right=True)[:, 0].clamp_(max=logits.shape[1] - 1)

    def _uniform(self) -> Tensor:
        column = self.step % _BLOCK
        if column == 0:
            self.uniforms = torch.stack([_uniforms(generator) for generator in self.generators])
        self.step += 1
        return self.uniforms[:, column]


def _generator(seed: int, row: int) -> torch.Generator:
    # Always on the CPU: the same seed gives the same numbers whatever device the model is on.
    return torch.Generator().manual_seed((seed + row * _SEED_STEP) % 2**63)


def _uniforms(generator: torch.Generator) -> Tensor:
    return torch.rand(_BLOCK, generator=generator, dtype=torch.float64)


def _nucleus(probs: Tensor, top_p: float) -> Tensor:
    """Zero all but the most likely tokens that together hold top_p."""
    ordered, order = probs.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered
    return torch.zeros_like(probs).scatter_(-1, order, ordered.masked_fill(before >= top_p, 0.0))
