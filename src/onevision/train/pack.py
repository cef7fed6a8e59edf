"""Many samples in one row without padding: attention stays inside each sample, everything else runs on the row.

`use_packing(model)` gives a Qwen2.5-VL a second way to be called, `model(batch, score, targets)`, that runs a packed
row and returns log-probabilities. It is the model's own forward, so that whatever wraps a model (DDP, FSDP2, DeepSpeed,
autocast, LoRA) wraps this too; without a batch the model is called as ever.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from importlib import import_module
from types import MethodType
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from transformers import AttentionInterface, AttentionMaskInterface, Qwen2_5_VLForConditionalGeneration
from transformers.activations import SiLUActivation
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLMLP, Qwen2MLP, apply_rotary_pos_emb_vision

from onevision.models.load import use_matrix_patches
from onevision.models.products import keep_few_primitives, linear, use_products

HEAD_CELLS = 2**26
"""Logits kept at a time (a quarter of a GiB in float32); more are computed in pieces, and again on the way back."""


class Layout(Protocol):
    """Who may look at whom in a row: `Packing`, or another arrangement with the same method."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """query: (row, heads, dim); key, value: (row, kv heads, dim) -> (row, heads * dim)."""
        ...


class Scored(NamedTuple):
    """What the model says of some tokens of a row, all (scored,). logprobs: float32, natural logarithm, with gradient.
    best: whether the token is the model's first choice. entropy: float32, of the distribution there, without gradient."""

    logprobs: Tensor
    best: Tensor
    entropy: Tensor


ALONE = 160
"""Longer samples attend one by one, with no scores kept; shorter ones of about one length share a matrix product."""

BY_HEADS = 2048
"""Samples up to this length attend by products on a CPU in bfloat16, too, where they take half the time of PyTorch's attention:
one head after the other, so that a head's scores stay in the cache."""

PADDING = 4 / 3
"""Short samples are unfolded into one batch while it is at most so much larger than they are."""


class Packing:
    """How samples of the given lengths lie in one row of sum(lengths) tokens."""

    flash: ClassVar[Callable[..., Tensor] | None] = None
    """flash-attn's varlen kernel, where there is one (see `use_packing`)."""

    def __init__(self, lengths: Sequence[int], causal: bool, device: torch.device | str = "cpu") -> None:
        self.longest, self.causal = max(lengths), causal
        self.ends = F.pad(torch.tensor(lengths, device=device).cumsum(0), (1, 0)).int()
        self.parts = [Unfolding(part, causal, device) for part in _alike(lengths)]

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Attention inside each sample. query: (row, heads, dim); key, value: (row, kv heads, dim) -> (row, heads * dim)."""
        if self.flash and query.is_cuda and query.dtype in (torch.float16, torch.bfloat16):
            bounds = (self.ends, self.ends, self.longest, self.longest)
            return self.flash(query, key, value, *bounds, softmax_scale=scaling, causal=self.causal).flatten(1)
        longest = BY_HEADS if (value.device.type, value.dtype) == ("cpu", torch.bfloat16) else ALONE
        cuts = [sum(part.lengths) for part in self.parts]
        pieces = zip(self.parts, *(x.split(cuts) for x in (query, key, value)), strict=True)
        return torch.cat([(self._alone if part.longest > longest else part.attend)(q, k, v, scaling) for part, q, k, v in pieces])

    def _alone(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        q, k, v = (x.transpose(0, 1)[None] for x in (query, key, value))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, scale=scaling, enable_gqa=True)
        return mixed[0].transpose(0, 1).flatten(1)


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """Neighbours of about one length together; every long sample by itself."""
    parts: list[list[int]] = []
    for length in lengths:
        grown = [*parts[-1], length] if parts else [length]
        if parts and max(grown) <= ALONE and max(grown) * len(grown) <= PADDING * sum(grown):
            parts[-1] = grown
        else:
            parts.append([length])
    return parts


class Unfolding:
    """Samples as one batch, as long as the longest of them.

    unfold: (samples, longest) positions in the row, padded with 0. kept: which places of the flattened unfolding are
    real, in row order. bias: (samples, 1, longest or 1, longest), 0 where attention may look and -inf where not.
    """

    def __init__(self, lengths: Sequence[int], causal: bool, device: torch.device | str = "cpu") -> None:
        size = torch.tensor(lengths, device=device)
        self.lengths, self.longest, self.causal = tuple(lengths), max(lengths), causal
        place = torch.arange(self.longest, device=device)
        self.real = place < size[:, None]
        start = (size.cumsum(0) - size)[:, None]
        self.unfold = (start + place).where(self.real, torch.zeros_like(place)).flatten()
        self.kept = self.real.flatten().nonzero().squeeze(1)

    @cached_property
    def bias(self) -> Tensor:
        allowed = self.real[:, None, None, :]
        if self.causal:
            allowed = allowed & self.real.new_ones(self.longest, self.longest).tril()
        return torch.zeros(allowed.shape, device=allowed.device).masked_fill(~allowed, float("-inf"))

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """As `Packing.attend`."""
        kv_heads = key.shape[1]
        if self.longest <= ALONE or kv_heads == 1:
            return self._attend(query, key, value, scaling)
        heads = zip(*(x.chunk(kv_heads, dim=1) for x in (query, key, value)), strict=True)
        return torch.cat([self._attend(q, k, v, scaling) for q, k, v in heads], dim=1)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        _row, heads, dim = query.shape
        samples, kv_heads = len(self.lengths), key.shape[1]
        group = heads // kv_heads
        # Query heads that share a key head are stacked along the length: no key is copied.
        q = self.unfolded(query).view(samples, -1, kv_heads, group, dim).permute(0, 2, 3, 1, 4).flatten(2, 3)
        k, v = (self.unfolded(x).transpose(1, 2) for x in (key, value))
        scores = torch.matmul(q * scaling, k.transpose(2, 3))
        if self.causal or samples > 1:
            bias = self.bias.repeat(1, 1, group, 1) if self.bias.shape[2] > 1 else self.bias
            scores = scores + bias.to(scores.dtype)
        with torch.autocast(scores.device.type, enabled=False):
            weights = torch.softmax(scores, dim=-1).to(v.dtype)
        mixed = torch.matmul(weights, v).unflatten(2, (group, -1)).permute(0, 3, 1, 2, 4)
        mixed = mixed.reshape(-1, heads * dim)
        return mixed if samples == 1 else mixed.index_select(0, self.kept)

    def unfolded(self, x: Tensor) -> Tensor:
        """(row, …) -> (samples, longest, …), padded with copies of the row's first."""
        return x[None] if len(self.lengths) == 1 else x.index_select(0, self.unfold).unflatten(0, (len(self.lengths), -1))


def _text_attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, packing: Layout | None = None, **options: Any
) -> tuple[Tensor, Any]:
    """transformers' attention interface: (1, heads, row, dim) each -> (1, row, heads * dim). Its own without a packing."""
    if packing is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    return packing.attend(q, k, v, options["scaling"])[None], None


AttentionInterface.register("onevision_packed", _text_attention)
AttentionMaskInterface.register("onevision_packed", sdpa_mask)


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


class _Gated(torch.autograd.Function):
    """silu(gate) * up, with the bits of the two operations, and only their inputs kept for the way back."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return F.silu(gate) * up

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        return torch.ops.aten.silu_backward(grads[0] * up, gate), grads[0] * F.silu(gate)


def _mlp(self: Any, states: Tensor) -> Tensor:
    mixed: Tensor = self.down_proj(_Gated.apply(self.gate_proj(states), self.up_proj(states)))
    return mixed


def use_gated_units(layers: nn.Module) -> None:
    """Have the feed-forward parts of Qwen2.5-VL's layers keep three of the four large tensors that they keep by themselves."""
    for part in layers.modules():
        if isinstance(part, Qwen2MLP | Qwen2_5_VLMLP) and isinstance(part.act_fn, SiLUActivation):
            part.forward = MethodType(_mlp, part)


def _head(self: Any, states: Tensor, targets: Tensor | None = None, temperature: float = 1.0) -> Any:
    """The output head; with targets it scores them piece by piece, in one call as FSDP2's hooks want it."""
    if targets is None:
        return linear(states, self.weight, self.bias)

    def score(states: Tensor, targets: Tensor) -> Scored:
        logits = linear(states, self.weight, self.bias).float() / temperature
        return Scored(-F.cross_entropy(logits, targets, reduction="none"), logits.argmax(-1) == targets, _entropy(logits.detach()))

    rows = max(1, HEAD_CELLS // self.out_features)
    if len(targets) <= rows:
        return score(states, targets)
    pieces = zip(states.split(rows), targets.split(rows), strict=True)
    scored = [checkpoint(score, *piece, use_reentrant=False) for piece in pieces]
    return Scored(*(torch.cat(parts) for parts in zip(*scored, strict=True)))


def _entropy(logits: Tensor) -> Tensor:
    return logits.logsumexp(-1) - (logits.softmax(-1) * logits).sum(-1)


def _forward(self: Any, batch: dict[str, Any] | None = None, *args: Any, **options: Any) -> Any:
    return type(self).forward(self, **options) if batch is None else _score(self, batch, *args, **options)


def _score(
    model: Any,
    batch: dict[str, Any],
    score: Tensor,
    targets: Tensor,
    temperature: float = 1.0,
    packing: Layout | None = None,
    features: Tensor | None = None,
) -> Scored:
    return model.lm_head(hidden_states(model, batch, packing, features)[score], targets, temperature)


def use_packing(model: Qwen2_5_VLForConditionalGeneration, flash_attn: str = "auto") -> None:
    """Make a model's towers run on packed rows. Same weights, same results; calls without a batch are as before.

        model(batch, score, targets, temperature=1.0, packing=None, features=None) -> Scored

    score: (scored,) places in the row; targets: (scored,) the token ids expected to come next there. The output head
    runs on these alone. temperature divides the logits. packing and features: as for `hidden_states`.
    The process keeps few of oneDNN's primitives from then on (`keep_few_primitives`).
    flash_attn: "auto", "fa2" or "fa3" take flash-attn's kernels on CUDA where they are installed; all else runs on PyTorch's.
    """
    Packing.flash = _flash_kernel(flash_attn)
    model.set_attn_implementation({"text_config": "onevision_packed"})
    for block in model.model.visual.blocks:
        block.attn.forward = MethodType(_vision_attention, block.attn)
    use_gated_units(model)
    keep_few_primitives()
    use_products(model)
    use_matrix_patches(model)
    model.lm_head.forward = MethodType(_head, model.lm_head)
    model.forward = MethodType(_forward, model)


def _flash_kernel(name: str) -> Callable[..., Tensor] | None:
    module = {"auto": "flash_attn", "fa2": "flash_attn", "fa3": "flash_attn_interface"}.get(name)
    if module is None or not torch.cuda.is_available():
        return None
    try:
        return staticmethod(import_module(module).flash_attn_varlen_func)
    except ImportError:
        return None


def picture_features(tower: nn.Module, pixel_values: Tensor, image_grid_thw: Tensor) -> Tensor:
    """(patches, 1176) pixels of several pictures -> (picture tokens, hidden) features, in one packed run."""
    features: Tensor = tower(pixel_values, image_grid_thw).pooler_output
    return features


def hidden_states(
    model: Qwen2_5_VLForConditionalGeneration, batch: dict[str, Any], packing: Layout | None = None, features: Tensor | None = None
) -> Tensor:
    """The text tower's last hidden states (row, hidden) for a packed batch as `collate` makes it, its pixels normalised.

    packing: another arrangement than samples end to end (`batch["lengths"]` is not read then). features: (picture
    tokens, hidden), what the tower said earlier of the row's first pictures; `pixel_values` hold the others, or are absent.
    """
    embeds = model.get_input_embeddings()(batch["input_ids"])
    found = [features] if features is not None else []
    if "pixel_values" in batch:
        found.append(_look(model.model.visual, batch["pixel_values"], batch["image_grid_thw"]))
    where = (batch["input_ids"] == model.config.image_token_id)[:, None]
    # Features beyond the picture tokens are those of the blank picture that `collate` gives a row without any.
    embeds = embeds.masked_scatter(where, torch.cat(found).to(embeds.dtype))
    output = model.model.language_model(
        inputs_embeds=embeds[None],
        position_ids=batch["position_ids"][:, None],
        attention_mask={"full_attention": None},
        packing=packing or Packing(batch["lengths"], causal=True, device=embeds.device),
        use_cache=False,
    )
    states: Tensor = output.last_hidden_state[0]
    return states


def _look(tower: nn.Module, pixel_values: Tensor, image_grid_thw: Tensor) -> Tensor:
    # A frozen tower needs no graph through it.
    learning = any(weight.requires_grad for weight in tower.parameters())
    with torch.set_grad_enabled(learning and torch.is_grad_enabled()):
        return picture_features(tower, pixel_values, image_grid_thw)
