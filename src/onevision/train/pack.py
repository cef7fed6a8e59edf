"""Many samples in one row without padding: attention stays inside each sample, everything else runs on the row.

Only the attention itself unfolds the row into (samples, longest) for two batched matrix products; linear layers,
norms and the loss never see a padded token. Used for the pictures in the vision tower and the texts alike.
"""

from collections.abc import Sequence
from functools import lru_cache
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision


class Packing:
    """How samples of the given lengths lie in one row of sum(lengths) tokens.

    unfold: (samples, longest) positions in the row, padded with 0. kept: which places of the flattened unfolding are
    real, in row order. bias: (samples, 1, longest or 1, longest), 0 where attention may look and -inf where not.
    """

    def __init__(self, lengths: Sequence[int], causal: bool, device: torch.device | str = "cpu") -> None:
        size = torch.tensor(lengths, device=device)
        longest = int(size.max())
        place = torch.arange(longest, device=device)
        real = place < size[:, None]
        start = size.cumsum(0) - size
        self.lengths = tuple(lengths)
        self.unfold = (start[:, None] + place).where(real, torch.zeros_like(place)).flatten()
        self.kept = real.flatten().nonzero().squeeze(1)
        allowed = real[:, None, None, :]
        if causal:
            allowed = allowed & (place[:, None] >= place)
        self.bias = torch.zeros(allowed.shape, device=device).masked_fill(~allowed, float("-inf"))

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Attention inside each sample. query: (row, heads, dim); key, value: (row, kv heads, dim) -> (row, heads * dim)."""
        _row, heads, dim = query.shape
        samples, kv_heads = len(self.lengths), key.shape[1]
        group = heads // kv_heads
        # Query heads that share a key head are stacked along the length: no key is copied.
        q = self._unfold(query).view(samples, -1, kv_heads, group, dim).permute(0, 2, 3, 1, 4).flatten(2, 3)
        k, v = (self._unfold(x).transpose(1, 2) for x in (key, value))
        scores = torch.matmul(q * scaling, k.transpose(2, 3))
        bias = self.bias.repeat(1, 1, group, 1) if self.bias.shape[2] > 1 else self.bias
        weights = torch.softmax(scores + bias.to(scores.dtype), dim=-1).to(v.dtype)
        mixed = torch.matmul(weights, v).unflatten(2, (group, -1)).permute(0, 3, 1, 2, 4)
        return mixed.reshape(-1, heads * dim).index_select(0, self.kept)

    def _unfold(self, x: Tensor) -> Tensor:
        return x.index_select(0, self.unfold).unflatten(0, (len(self.lengths), -1))


def _text_attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, scaling: float, packing: Packing, **_: Any
) -> tuple[Tensor, None]:
    """transformers' attention interface: (1, heads, row, dim) each -> (1, row, heads * dim)."""
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    return packing.attend(q, k, v, scaling)[None], None


AttentionInterface.register("onevision_packed", _text_attention)


@lru_cache(maxsize=4)
def _picture_packing(lengths: tuple[int, ...], device: torch.device) -> Packing:
    """All layers of a run share two: whole pictures, and their windows."""
    return Packing(lengths, causal=False, device=device)


def _vision_attention(self: Any, hidden_states: Tensor, cu_seqlens: Tensor, position_embeddings: tuple[Tensor, Tensor], **_: Any) -> Tensor:
    row = hidden_states.shape[0]
    packing = _picture_packing(tuple(cu_seqlens.diff().tolist()), hidden_states.device)
    q, k, v = self.qkv(hidden_states).reshape(row, 3, self.num_heads, -1).unbind(1)
    q, k = apply_rotary_pos_emb_vision(q, k, *position_embeddings)
    # Rotation is done in float32; the products run in whatever the values are in.
    return self.proj(packing.attend(q.to(v.dtype), k.to(v.dtype), v, self.scaling))


def _patch_embedding(self: Any, patches: Tensor) -> Tensor:
    # Stride equals kernel, so the convolution is one matrix product, and far faster as such on a CPU.
    return F.linear(patches, self.proj.weight.view(self.embed_dim, -1))


def use_packing(model: Qwen2_5_VLForConditionalGeneration) -> None:
    """Make a model's towers run on packed rows: the text takes `packing=` instead of a mask. Same weights, same results."""
    model.set_attn_implementation({"text_config": "onevision_packed"})
    for block in model.model.visual.blocks:
        block.attn.forward = MethodType(_vision_attention, block.attn)
    embed = model.model.visual.patch_embed
    embed.forward = MethodType(_patch_embedding, embed)


def picture_features(tower: nn.Module, pixel_values: Tensor, image_grid_thw: Tensor) -> Tensor:
    """(patches, 1176) pixels of several pictures -> (picture tokens, hidden) features, in one packed run."""
    features: Tensor = tower(pixel_values, image_grid_thw).pooler_output
    return features


def hidden_states(model: Qwen2_5_VLForConditionalGeneration, batch: dict[str, Any]) -> Tensor:
    """The text tower's last hidden states (row, hidden) for a packed batch as `collate` makes it."""
    embeds = model.get_input_embeddings()(batch["input_ids"])
    # A frozen tower needs no graph through it.
    learning = any(weight.requires_grad for weight in model.model.visual.parameters())
    with torch.set_grad_enabled(learning and torch.is_grad_enabled()):
        features = picture_features(model.model.visual, batch["pixel_values"], batch["image_grid_thw"])
    where = (batch["input_ids"] == model.config.image_token_id)[:, None]
    embeds = embeds.masked_scatter(where, features.to(embeds.dtype))
    output = model.model.language_model(
        inputs_embeds=embeds[None],
        position_ids=batch["position_ids"][:, None],
        attention_mask={"full_attention": None},
        packing=Packing(batch["lengths"], causal=True, device=embeds.device),
        use_cache=False,
    )
    states: Tensor = output.last_hidden_state[0]
    return states


def mrope_positions(input_ids: Sequence[int], grids: Sequence[Sequence[int]], image_token: int, merge: int = 2) -> Tensor:
    """Qwen2.5-VL's M-RoPE positions (3, length) of one sample: text counts on, a picture's tokens take (start,
    start + row, start + column), and the text after it goes on from the largest. grids: (t, h, w) in patches."""
    ids = torch.as_tensor(input_ids)
    positions, place, following, pictures = [], 0, 0, iter(grids)
    while place < len(ids):
        if ids[place] == image_token:
            _, height, width = next(pictures)
            rows, columns = height // merge, width // merge
            grid = torch.stack([torch.zeros(rows * columns, dtype=torch.long),
                                torch.arange(rows).repeat_interleave(columns), torch.arange(columns).repeat(rows)])  # fmt: skip
            positions.append(grid + following)
            place, following = place + rows * columns, following + max(rows, columns)
        else:
            rest = (ids[place:] == image_token).nonzero()
            run = int(rest[0]) if len(rest) else len(ids) - place
            positions.append(torch.arange(following, following + run).expand(3, -1))
            place, following = place + run, following + run
    return torch.cat(positions, dim=1)
