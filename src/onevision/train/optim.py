"""Muon for the matrices, AdamW for the rest, behind one optimizer."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from onevision.train.precision import multiplies_bf16

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration (Jordan et al. 2024), which is run five times."""

TOGETHER = 2**24
"""Numbers that are orthogonalised at a time, or one matrix of more: small ones are faster together, large ones need the memory."""


class Muon(torch.optim.Optimizer):
    """What torch.optim.Muon does with Nesterov momentum 0.95 and `match_rms_adamw`, its state under the same names; but matrices of
    one shape are orthogonalised together, and in float32 where bfloat16, which torch's always takes, is slow."""

    def __init__(self, matrices: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": 0.95})
        self.dtype = torch.bfloat16 if multiplies_bf16() else torch.float32

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[weight.shape].append(weight)
            for shape, weights in alike.items():
                count = max(1, TOGETHER // shape.numel())
                for first in range(0, len(weights), count):
                    self._turn(weights[first : first + count], group)

    def _turn(self, weights: Sequence[nn.Parameter], group: dict[str, Any]) -> None:
        """One step of matrices of one shape."""
        updates = orthogonal(torch.stack([self._push(weight, group["momentum"]) for weight in weights]).to(self.dtype))
        rate = group["lr"] * 0.2 * max(weights[0].shape) ** 0.5  # AdamW's update size (Liu et al. 2025)
        for weight, update in zip(weights, updates, strict=True):
            weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(update.to(weight.dtype), alpha=-rate)

    def _push(self, weight: nn.Parameter, momentum: float) -> Tensor:
        """The gradient looked ahead along its running mean."""
        assert weight.grad is not None
        if "momentum_buffer" not in self.state[weight]:
            self.state[weight]["momentum_buffer"] = torch.zeros_like(weight.grad)
        mean = self.state[weight]["momentum_buffer"]
        mean.lerp_(weight.grad, 1 - momentum)
        return weight.grad.lerp(mean, momentum)


def orthogonal(matrices: Tensor) -> Tensor:
    """(n, rows, columns) -> the same, each nearly U V^T of its singular value decomposition, by Newton-Schulz."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(5):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class MuonAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024, scaled to AdamW's update size as in Liu et al. 2025) on the hidden matrices;
    AdamW on embeddings, patch embedding, norms and biases. One learning rate serves both."""

    def __init__(self, model: nn.Module, lr: float, weight_decay: float = 0.01) -> None:
        matrices: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                hidden = weight.ndim == 2 and not any(part in name for part in ("embed", "lm_head", "head."))
                (matrices if hidden else others).append(weight)
        self.parts: list[torch.optim.Optimizer] = []
        if matrices:
            self.parts.append(Muon(matrices, lr, weight_decay))
        if others:  # LoRA has matrices alone
            self.parts.append(torch.optim.AdamW(others, lr=lr, weight_decay=weight_decay, betas=(0.9, 0.98)))
        super().__init__([*matrices, *others], {"lr": lr})
        # The scheduler writes into the very groups that the two parts read.
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]
