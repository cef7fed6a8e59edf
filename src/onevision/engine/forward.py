"""Decoding through the model's own forward: for large, sharded, quantised or adapted models."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from onevision.engine.prefill import Prefill


class ForwardDecoder:
    """As `lean.LeanDecoder`, on a Hugging Face cache. All rows end at the same place and are padded on the left."""

    mask: Tensor
    position: Tensor

    def __init__(self, model: Any) -> None:
        self.model = model
        self._clear()

    @torch.inference_mode()
    def join(self, prefill: Prefill, n: int, room: Sequence[int]) -> int:
        """n rows for each prompt, behind those that are there; the number of the first new row."""
        at, length = self.mask.shape
        longest = max(length, prefill.mask.shape[1])
        self.mask = torch.cat((_padded(self.mask, longest), _padded(prefill.mask.repeat_interleave(n, 0), longest)))
        self.position = torch.cat((self.position, prefill.next_position.repeat_interleave(n)))
        if not at:
            for index, pair in enumerate(prefill.layers):
                self.cache.update(*(part.repeat_interleave(n, 0) for part in pair), index)
            return 0
        for layer, (keys, values) in zip(self.cache.layers, prefill.layers, strict=True):
            layer.keys = _joined(layer.keys, keys, n, longest)
            layer.values = _joined(layer.values, values, n, longest)
        return at

    @torch.inference_mode()
    def step(self, tokens: Tensor) -> Tensor:
        """tokens (rows,) int64 -> logits (rows, vocab) float32."""
        self.mask = torch.cat((self.mask, self.mask.new_ones(len(tokens), 1)), 1)
        out = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=self.position.view(1, -1, 1).expand(3, -1, 1),
            past_key_values=self.cache,
            use_cache=True,
        )
        self.position = self.position + 1
        return out.logits[:, -1].float()  # type: ignore[no-any-return]

    @torch.inference_mode()
    def drop(self, gone: set[int]) -> list[int]:
        """Forget rows; the old numbers of the others."""
        order = [row for row in range(len(self.mask)) if row not in gone]
        if not order:
            self._clear()
            return order
        rows = torch.tensor(order, device=self.mask.device)
        self.cache.batch_select_indices(rows)
        self.mask, self.position = self.mask[rows], self.position[rows]
        return order

    def lone(self) -> bool:
        """Never: what these models guess wrong is not taken back."""
        return False

    def run(self, tokens: Tensor) -> Tensor:
        """Not for these."""
        raise NotImplementedError

    def forget(self, count: int) -> None:
        """Not for these."""
        raise NotImplementedError

    def _clear(self) -> None:
        from transformers import DynamicCache

        self.cache = DynamicCache()
        self.mask = torch.empty(0, 0, dtype=torch.int64, device=self.model.device)
        self.position = torch.empty(0, dtype=torch.int64, device=self.model.device)


def _padded(mask: Tensor, length: int) -> Tensor:
    return F.pad(mask, (length - mask.shape[1], 0))


def _joined(old: Tensor, new: Tensor, n: int, length: int) -> Tensor:
    """Along the rows; each (rows, kv_heads, places, head_dim) padded on the left."""
    return torch.cat([F.pad(part, (0, 0, length - part.shape[2], 0)) for part in (old, new.repeat_interleave(n, 0).to(old))])
