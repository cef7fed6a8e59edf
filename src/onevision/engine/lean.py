"""One decode step of Qwen2.5-VL's text tower, with nothing in it but the arithmetic.

A Hugging Face forward spends several milliseconds a step on masks, caches, hooks and output classes; for a small
model that is most of the time. After the prompt a step needs none of it: a text token has one position on all three
axes of M-RoPE (Qwen2-VL, arXiv:2409.12191), so rotary embedding is a row of a table; the cache is a block of memory
with room for the whole answer; the queries of one key-value head go through attention as rows, unexpanded.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# The step works on copies of the text tower's weights. Beyond this size the copies cost more than the overhead saved.
LEAN_MAX_BYTES = 2**30

# A step this small is over before a second core could help, and waits long for that core on a busy machine.
_ONE_THREAD_ROWS, _ONE_THREAD_BYTES = 4, 2**26


@dataclass(frozen=True)
class Layer:
    """One decoder layer. Matrices lie as (in, out), which makes products with few rows up to twice as fast on a CPU;
    only `down`, the one that narrows, is faster as a view of the model's own (out, in)."""

    norm_attn: Tensor
    qkv: Tensor
    qkv_bias: Tensor
    out: Tensor
    norm_mlp: Tensor
    gate_up: Tensor
    down: Tensor


@dataclass(frozen=True)
class LeanWeights:
    """A text tower ready for `LeanDecoder`. rope: (positions, 2, 1, head_dim), cosine and signed sine, float32."""

    layers: tuple[Layer, ...]
    embed: Tensor
    norm: Tensor
    head: Tensor
    rope: Tensor
    eps: float
    heads: int
    kv_heads: int
    head_dim: int
    made_of: tuple[tuple[int, int], ...]

    @property
    def small(self) -> bool:
        """Whether one thread reads it as fast as several."""
        size = sum(int(part.nbytes) for layer in self.layers for part in vars(layer).values())
        return size <= _ONE_THREAD_BYTES


def can_run_lean(model: Any) -> bool:
    """Whether the model is a plain, small Qwen2.5-VL on one device: no adapters, quantisation, hooks or sharding."""
    from transformers import Qwen2_5_VLForConditionalGeneration

    if type(model) is not Qwen2_5_VLForConditionalGeneration or len(getattr(model, "hf_device_map", None) or {}) > 1:
        return False
    text = model.model.language_model
    linears = [part for part in text.layers.modules() if isinstance(part, nn.Linear)]
    hooked = any(part._forward_hooks or part._forward_pre_hooks or hasattr(part, "_hf_hook") for part in text.modules())
    plain = len(linears) == 7 * len(text.layers) and all(type(part) is nn.Linear for part in linears)
    usual = text.config.hidden_act == "silu" and text.rotary_emb.rope_type == "default" and not text.has_sliding_layers
    size = sum(param.numel() * param.element_size() for param in text.parameters())
    return bool(plain and usual and not hooked and size <= LEAN_MAX_BYTES)


def fingerprint(model: Any) -> tuple[tuple[int, int], ...]:
    """Changes when a weight is replaced or trained in place: address and version counter of every parameter."""
    return tuple((param.data_ptr(), param._version) for param in model.model.language_model.parameters())


@torch.no_grad()
def lean_weights(model: Any, positions: int) -> LeanWeights:
    """Fuse and transpose the text tower of a Qwen2_5_VLForConditionalGeneration, in its own dtype and device."""
    text = model.model.language_model
    config = text.config
    return LeanWeights(
        layers=tuple(_layer(layer) for layer in text.layers),
        embed=text.embed_tokens.weight.detach(),
        norm=text.norm.weight.detach(),
        head=model.lm_head.weight.detach().t().contiguous(),
        rope=_rope_table(text.rotary_emb, positions, text.embed_tokens.weight),
        eps=config.rms_norm_eps,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=config.hidden_size // config.num_attention_heads,
        made_of=fingerprint(model),
    )


def _layer(layer: Any) -> Layer:
    attn, mlp = layer.self_attn, layer.mlp
    parts = (attn.q_proj, attn.k_proj, attn.v_proj)
    return Layer(
        norm_attn=layer.input_layernorm.weight.detach(),
        qkv=torch.cat([part.weight for part in parts]).t().contiguous(),
        qkv_bias=torch.cat([part.bias for part in parts]),
        out=attn.o_proj.weight.t().contiguous(),
        norm_mlp=layer.post_attention_layernorm.weight.detach(),
        gate_up=torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]).t().contiguous(),
        down=mlp.down_proj.weight.detach().t(),
    )


def _rope_table(rotary: Any, positions: int, like: Tensor) -> Tensor:
    """Row p: cos and sin of p's angles. The sign of rotate_half is in the sine: x * cos + roll(x) * sin."""
    where = torch.arange(positions, device=like.device).view(1, 1, -1).expand(3, 1, -1)
    cos, sin = (part[0] for part in rotary(like, where))
    half = sin.shape[-1] // 2
    signed = torch.cat((-sin[:, :half], sin[:, half:]), -1)
    return torch.stack((cos, signed), 1)[:, :, None]


class LeanDecoder:
    """Goes on from a prompt, one token a row and step.

    cache: per layer (keys, values), each (rows, kv_heads, prompt, head_dim). mask: (rows, prompt), 0 where padded on
    the left. next_position: (rows,) the M-RoPE position of the first new token. room: how many steps there will be.
    """

    def __init__(self, weights: LeanWeights, cache: list[tuple[Tensor, Tensor]], mask: Tensor, next_position: Tensor, room: int) -> None:
        self.weights = weights
        self.small = weights.small
        self.length = mask.shape[1]
        self.position = next_position.clone()
        self.keys = [_with_room(keys, room) for keys, _ in cache]
        self.values = [_with_room(values, room) for _, values in cache]
        self.bias = _attention_bias(mask, room, weights.embed.dtype)

    @torch.inference_mode()
    def step(self, tokens: Tensor) -> Tensor:
        """tokens (rows,) int64, the ones just picked -> logits (rows, vocab) float32 of the next ones."""
        threads = torch.get_num_threads()
        if not (self.small and len(tokens) <= _ONE_THREAD_ROWS):
            return self._step(tokens)
        torch.set_num_threads(1)
        try:
            return self._step(tokens)
        finally:
            torch.set_num_threads(threads)

    def _step(self, tokens: Tensor) -> Tensor:
        w = self.weights
        hidden = F.embedding(tokens, w.embed)
        cos, sin = w.rope.index_select(0, self.position).unbind(1)
        bias = None if self.bias is None else self.bias[..., : self.length + 1]
        for layer, keys, values in zip(w.layers, self.keys, self.values, strict=True):
            hidden = self._attend(layer, hidden, keys, values, cos, sin, bias)
            normed = F.rms_norm(hidden, hidden.shape[1:], layer.norm_mlp, w.eps)
            gate, up = (normed @ layer.gate_up).chunk(2, -1)
            hidden = torch.addmm(hidden, F.silu(gate).mul_(up), layer.down)
        self.position += 1
        self.length += 1
        return (F.rms_norm(hidden, hidden.shape[1:], w.norm, w.eps) @ w.head).float()

    def _attend(self, layer: Layer, hidden: Tensor, keys: Tensor, values: Tensor, cos: Tensor, sin: Tensor, bias: Tensor | None) -> Tensor:
        w, rows = self.weights, hidden.shape[0]
        normed = F.rms_norm(hidden, hidden.shape[1:], layer.norm_attn, w.eps)
        qkv = torch.addmm(layer.qkv_bias, normed, layer.qkv).view(rows, -1, w.head_dim)
        qk, v = qkv[:, : -w.kv_heads], qkv[:, -w.kv_heads :]
        qk = torch.addcmul(qk * cos, qk.roll(w.head_dim // 2, -1), sin)
        q, k = qk[:, : w.heads], qk[:, w.heads :]
        keys.select(2, self.length).copy_(k)
        values.select(2, self.length).copy_(v)
        end = self.length + 1
        grouped = q.reshape(rows, w.kv_heads, -1, w.head_dim)
        mixed = F.scaled_dot_product_attention(grouped, keys[:, :, :end], values[:, :, :end], attn_mask=bias)
        return torch.addmm(hidden, mixed.reshape(rows, -1), layer.out)

    @torch.inference_mode()
    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only. rows: (k,) int64."""
        self.keys = [keys.index_select(0, rows) for keys in self.keys]
        self.values = [values.index_select(0, rows) for values in self.values]
        self.position = self.position.index_select(0, rows)
        self.bias = None if self.bias is None else self.bias.index_select(0, rows)


def _with_room(prompt: Tensor, room: int) -> Tensor:
    rows, heads, length, dim = prompt.shape
    block = prompt.new_empty(rows, heads, length + room, dim)
    block[:, :, :length] = prompt
    return block


def _attention_bias(mask: Tensor, room: int, dtype: torch.dtype) -> Tensor | None:
    """(rows, 1, 1, prompt + room): -inf on padding. None when there is none, which is the faster kernel."""
    if bool(mask.all()):
        return None
    bias = torch.zeros(mask.shape[0], 1, 1, mask.shape[1] + room, dtype=dtype, device=mask.device)
    bias[:, 0, 0, : mask.shape[1]].masked_fill_(mask == 0, float("-inf"))
    return bias
