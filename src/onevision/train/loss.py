"""GRPO's losses: pure functions on flat tensors of scored tokens, no padding anywhere.

Tokens lie end to end; `owner` says which completion each is in. C completions, T tokens in all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

LossType = Literal["grpo", "dr_grpo", "dapo", "gspo", "cispo"]


@dataclass(frozen=True)
class Clipping:
    """Which loss, and how far the policy may move in one rollout.

    grpo: Shao et al. 2024 (DeepSeekMath), mean over completions of their token means. dr_grpo: Liu et al. 2025, sum over
    tokens divided by completions × longest allowed. dapo: Yu et al. 2025, mean over all tokens; give epsilon_high for its
    clip-higher. gspo: Zheng et al. 2025, one ratio a completion, the geometric mean of its tokens'. cispo: MiniMax 2025,
    the clipped ratio is a weight without gradient on log-probabilities, so that no token is left out.
    """

    kind: LossType = "dapo"
    epsilon: float = 0.2
    epsilon_high: float | None = None
    beta: float = 0.0

    @property
    def low(self) -> float:
        """The least ratio."""
        return 1 - self.epsilon

    @property
    def high(self) -> float:
        """The greatest ratio."""
        return 1 + (self.epsilon if self.epsilon_high is None else self.epsilon_high)


def advantages(rewards: Tensor, scale: Literal["group", "batch", "none"] = "group", every: Tensor | None = None) -> Tensor:
    """(groups, G) rewards, NaN where there is none -> (groups, G) advantages, 0 there.

    Reward minus the group's mean, divided by the group's standard deviation ("group", GRPO), by that of all rewards
    ("batch"), or not ("none", Dr. GRPO). Deviations have Bessel's correction and 1e-4 added, as in TRL. every: the rewards
    of all processes, where there are several.
    """
    mean = rewards.nanmean(1, keepdim=True)
    centred = (rewards - mean).nan_to_num(0.0)
    if scale == "none":
        return centred
    count = (~rewards.isnan()).sum(1, keepdim=True)
    if scale == "group":
        deviation = (centred.square().sum(1, keepdim=True) / (count - 1).clamp(min=1)).sqrt()
    else:
        known = rewards if every is None else every
        known = known[~known.isnan()]
        deviation = known.std() if len(known) > 1 else known.new_zeros(())
    return centred / (deviation + 1e-4)


def completion_weights(lengths: Tensor, kind: LossType, longest: int, completions: int, tokens: int) -> Tensor:
    """(C,) what each token of a completion counts in the loss, so that an update may be summed row by row.

    lengths: (C,) tokens; longest: the completion length allowed; completions, tokens: the whole update's, over all
    processes, those that are masked left out.
    """
    if kind in ("grpo", "gspo"):
        return 1 / (lengths.float() * max(completions, 1))
    whole = max(completions, 1) * longest if kind == "dr_grpo" else max(tokens, 1)
    return torch.full_like(lengths, 1 / whole, dtype=torch.float32)


def policy_loss(
    logprobs: Tensor, old: Tensor, reference: Tensor | None, advantage: Tensor, weight: Tensor, owner: Tensor, clipping: Clipping
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of some tokens, summed with their weights, and sums for the log: "clip_fraction", "kl" and "weight", by the
    same weights.

    logprobs: (T,) of the policy, with gradient; old: (T,) of the policy that sampled; reference: (T,) or None when
    beta is 0. advantage, weight: (C,), see `advantages` and `completion_weights`. owner: (T,) int64.
    """
    gain, share = advantage[owner], weight[owner]
    log_ratio = logprobs - old
    if clipping.kind == "gspo":
        log_ratio = _completion_means(log_ratio, owner, len(advantage))[owner]
    ratio = log_ratio.exp()
    if clipping.kind == "cispo":
        token_loss = -ratio.detach().clamp(max=clipping.high) * gain * logprobs
    else:
        token_loss = -torch.minimum(ratio * gain, ratio.clamp(clipping.low, clipping.high) * gain)
    outside = ((ratio < clipping.low) & (gain < 0) & (clipping.kind != "cispo")) | ((ratio > clipping.high) & (gain > 0))
    sums = {"clip_fraction": (outside * share).sum(), "weight": share.sum()}
    if reference is not None:
        kl = kl_estimate(logprobs, reference)
        token_loss = token_loss + clipping.beta * kl
        sums["kl"] = (kl * share).sum().detach()
    return (token_loss * share).sum(), sums


def kl_estimate(logprobs: Tensor, reference: Tensor) -> Tensor:
    """(T,) unbiased, never negative estimate of KL(policy ‖ reference) at sampled tokens (k3 of Schulman 2020)."""
    difference = reference - logprobs
    return difference.exp() - difference - 1


def overlong_penalty(lengths: Sequence[int], longest: int, buffer: int) -> list[float]:
    """DAPO's soft penalty: 0 up to longest - buffer tokens, then falling evenly to -1 at longest."""
    return [-max(0, length - (longest - buffer)) / buffer for length in lengths] if buffer else [0.0] * len(lengths)


def _completion_means(values: Tensor, owner: Tensor, completions: int) -> Tensor:
    sums = values.new_zeros(completions).index_add(0, owner, values)
    return sums / torch.bincount(owner, minlength=completions).clamp(min=1)
