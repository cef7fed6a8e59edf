"""What running a prompt leaves behind."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Prefill:
    """Prompts that were run, padded on the left. logits: (prompts, vocab) float32 of the first new token; layers: a layer's
    (keys, values), each (prompts, kv_heads, longest, head_dim); mask: (prompts, longest) 1 on real tokens; next_position:
    (prompts,) on all three M-RoPE axes."""

    logits: Tensor
    layers: list[tuple[Tensor, Tensor]]
    mask: Tensor
    next_position: Tensor

    @classmethod
    def of(cls, out: Any, mask: Tensor, positions: Tensor) -> "Prefill":
        """From what the model's forward returned. positions: (3, prompts, longest), as it was given."""
        layers = [(layer.keys, layer.values) for layer in out.past_key_values.layers]
        return cls(out.logits[:, -1].float(), layers, mask, positions.amax((0, 2)) + 1)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each prompt."""
        return [int(length) for length in self.mask.sum(-1)]

    def bias(self, dtype: torch.dtype) -> Tensor | None:
        """(prompts, 1, 1, longest): -inf on padding. None when there is none, which is the faster kernel."""
        if bool(self.mask.all()):
            return None
        bias = torch.zeros(self.mask.shape, dtype=dtype, device=self.mask.device)
        return bias.masked_fill_(self.mask == 0, float("-inf"))[:, None, None]
