"""Qwen2.5-VL's text tower, with nothing in it but the arithmetic: a prompt, and one decode step.

A Hugging Face forward spends several milliseconds a step on masks, caches, hooks and output classes; for a small
model that is most of the time. After the prompt a step needs none of it: a text token has one position on all three
axes of M-RoPE (Qwen2-VL, arXiv:2409.12191), so rotary embedding is a row of a table; keys and values lie where they
stay (`engine.cache`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onevision.engine.cache import Memory, Shared, Singles
from onevision.engine.matrix import Linear, laid_out
from onevision.engine.prefill import Prefill
from onevision.engine.reader import stamp

# The step works on copies of the text tower's weights. Beyond this size the copies cost more than the overhead saved.
LEAN_MAX_BYTES = 2**30

# A step this small is over before a second core could help, and waits long for that core on a busy machine.
_ONE_THREAD_ROWS, _ONE_THREAD_BYTES = 5, 2**26


@dataclass(frozen=True)
class Layer:
    """One layer of either tower: q, k and v in one product, gate and up in another."""

    norm_attn: Tensor
    qkv: Linear
    out: Linear
    norm_mlp: Tensor
    gate_up: Linear
    down: Linear


@dataclass(frozen=True)
class LeanWeights:
    """A text tower ready for `LeanDecoder`. rope: (positions, 2, 1, head_dim), cosine and signed sine; small: whether one
    thread reads it as fast as several."""

    layers: tuple[Layer, ...]
    embed: Tensor
    norm: Tensor
    head: Linear
    rope: Tensor
    eps: float
    heads: int
    kv_heads: int
    head_dim: int
    small: bool
    made_of: tuple[tuple[int, int], ...] = field(repr=False)


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


def lean_weights(model: Any, positions: int) -> LeanWeights:
    """The text tower of a Qwen2_5_VLForConditionalGeneration, in its own dtype and device."""
    text = model.model.language_model
    return fuse(text.state_dict(), model.lm_head.weight, text.config.to_dict(), positions)


@torch.no_grad()
def fuse(tensors: Mapping[str, Tensor], head: Tensor, config: Mapping[str, Any], positions: int, int8: bool = False) -> LeanWeights:
    """Fuse and lay out a text tower. tensors: by their names in it; head: (vocab, hidden); config: its part of config.json;
    int8: see `laid_out`."""
    layers = [_layer(tensors, f"layers.{number}.", int8) for number in range(config["num_hidden_layers"])]
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    return LeanWeights(
        layers=tuple(layers),
        embed=tensors["embed_tokens.weight"].detach(),
        norm=tensors["norm.weight"].detach(),
        head=laid_out(head, int8=int8),
        rope=_rope_table(config["rope_parameters"]["rope_theta"], positions, head_dim, tensors["embed_tokens.weight"]),
        eps=config["rms_norm_eps"],
        heads=config["num_attention_heads"],
        kv_heads=config["num_key_value_heads"],
        head_dim=head_dim,
        small=sum(tensor.nbytes for name, tensor in tensors.items() if name.startswith("layers.")) <= _ONE_THREAD_BYTES,
        made_of=stamp(tensors.values()),
    )


def _layer(tensors: Mapping[str, Tensor], at: str, int8: bool) -> Layer:
    def joined(kind: str, *parts: str) -> Tensor:
        return torch.cat([tensors[f"{at}{part}.{kind}"] for part in parts])

    qkv = [f"self_attn.{part}_proj" for part in "qkv"]
    return Layer(
        norm_attn=tensors[f"{at}input_layernorm.weight"].detach(),
        qkv=laid_out(joined("weight", *qkv), joined("bias", *qkv), int8),
        out=laid_out(tensors[f"{at}self_attn.o_proj.weight"], int8=int8),
        norm_mlp=tensors[f"{at}post_attention_layernorm.weight"].detach(),
        gate_up=laid_out(joined("weight", "mlp.gate_proj", "mlp.up_proj"), int8=int8),
        down=laid_out(tensors[f"{at}mlp.down_proj.weight"], int8=int8),
    )


def _rope_table(theta: float, positions: int, dim: int, like: Tensor) -> Tensor:
    """Row p: cos and sin of p's angles. The sign of rotate_half is in the sine: x * cos + roll(x) * sin."""
    turns = 1.0 / theta ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim)
    angles = torch.arange(positions, dtype=torch.float32)[:, None] * turns
    cos, sin = angles.cos(), angles.sin()
    return torch.stack((torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)), 1)[:, :, None].to(like)


def rotated(x: Tensor, cos: Tensor, signed_sin: Tensor) -> Tensor:
    """x (…, head_dim) turned by its position's angles."""
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, -1), signed_sin)


class LeanDecoder:
    """Goes on from prompts, one token a row and step. Rows are in the order of their memories: those alone with their
    prompt first, then each prompt's several rows together."""

    few_threads = 1
    """That a small step takes at most."""

    def __init__(self, weights: LeanWeights) -> None:
        self.weights = weights
        self.memories: list[Memory] = []
        self.position = torch.empty(0, dtype=torch.int64, device=weights.embed.device)

    @torch.inference_mode()
    def join(self, prefill: Prefill, n: int, room: Sequence[int]) -> int:
        """n rows for each prompt, which will take at most `room` steps; the number of the first new row."""
        at = sum(memory.rows for memory in self.memories)
        if n > 1:
            self.memories.append(Shared(prefill, n, max(room)))
        else:
            singles = self._singles()
            at = singles.rows
            singles.join(prefill, room)
        self.position = torch.cat((self.position[:at], prefill.next_position.repeat_interleave(n), self.position[at:]))
        return at

    @torch.inference_mode()
    def step(self, tokens: Tensor) -> Tensor:
        """tokens (rows,) int64, the ones just picked -> logits (rows, vocab) float32 of the next ones."""
        threads = torch.get_num_threads()
        if not (self.weights.small and len(tokens) <= _ONE_THREAD_ROWS):
            return self._step(tokens)
        torch.set_num_threads(min(threads, self.few_threads))
        try:
            return self._step(tokens)
        finally:
            torch.set_num_threads(threads)

    def lone(self) -> bool:
        """Whether there is one row, with its prompt to itself, which `run` and `forget` are for."""
        return len(self.memories) == 1 and isinstance(self.memories[0], Singles) and self.memories[0].rows == 1

    def run(self, tokens: Tensor) -> Tensor:
        """tokens (count,) int64, the lone row's last one and guesses of what follows -> logits (count, vocab) float32 after each."""
        return self.step(tokens)

    @torch.inference_mode()
    def forget(self, count: int) -> None:
        """The last so many tokens of the lone row were wrong."""
        self._singles().forget(count)
        self.position -= count

    @torch.inference_mode()
    def drop(self, gone: set[int]) -> list[int]:
        """Forget rows; the old numbers of the others in their new order."""
        order: list[int] = []
        first = 0
        for memory in self.memories:
            rows = memory.rows
            leaving = {row - first for row in gone if first <= row < first + rows}
            kept = memory.drop(leaving) if leaving else range(rows)
            order += [first + row for row in kept]
            first += rows
        self.memories = [memory for memory in self.memories if memory.rows]
        self.position = self.position[order]
        return order

    def _singles(self) -> Singles:
        """The one memory of rows that have their prompt to themselves; always the first."""
        if not self.memories or not isinstance(self.memories[0], Singles):
            self.memories.insert(0, Singles())
        singles = self.memories[0]
        assert isinstance(singles, Singles)
        return singles

    def _step(self, tokens: Tensor) -> Tensor:
        ran = len(tokens) - len(self.position) + 1  # tokens of a row: one, but for a lone row's guesses
        for memory in self.memories:
            memory.begin(ran)
        logits = self._logits(tokens, self.position if ran == 1 else self.position + torch.arange(ran))
        for memory in self.memories:
            memory.end()
        self.position += ran
        return logits

    def _logits(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Each memory's rows attend to what it holds of them."""
        return next_logits(self.weights, tokens, positions, self._attend)

    def _attend(self, index: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        if len(self.memories) == 1:
            return self.memories[0].attend(index, q, k, v)
        sizes = [memory.rows for memory in self.memories]
        parts = zip(self.memories, q.split(sizes), k.split(sizes), v.split(sizes), strict=True)
        return torch.cat([memory.attend(index, *part) for memory, *part in parts])


Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""A layer's index, queries, keys and values (tokens, heads, head_dim) -> (tokens, heads * head_dim)."""


def next_logits(w: LeanWeights, tokens: Tensor, positions: Tensor, attend: Attend) -> Tensor:
    """tokens, positions: (tokens,) int64 -> logits (tokens, vocab) float32 after each. attend: reading what the tokens' rows hold."""
    cos, sin = w.rope.index_select(0, positions).unbind(1)
    return _logits(w, _through_text(w, F.embedding(tokens, w.embed), cos, sin, attend))


def after_prompt(w: LeanWeights, hidden: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """One prompt: the logits (vocab,) float32 after it, and by layer the keys and values (kv_heads, length, head_dim).

    hidden: (length, hidden), its tokens and pictures; cos, sin: (length, 1, head_dim), of their positions' angles, sine signed.
    """
    kept: list[tuple[Tensor, Tensor]] = []

    def attend(index: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (part.transpose(0, 1) for part in (q, k, v))
        kept.append((k, v))
        mixed = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, enable_gqa=True)
        return mixed[0].transpose(0, 1).flatten(1)

    hidden = _through_text(w, hidden, cos, sin, attend)[-1:]
    keys, values = zip(*kept, strict=True)
    return _logits(w, hidden)[0], list(keys), list(values)


def _through_text(w: LeanWeights, hidden: Tensor, cos: Tensor, sin: Tensor, attend: Attend) -> Tensor:
    return through_layers(w.layers, hidden, cos, sin, attend, w.heads, w.kv_heads, w.eps)


def through_layers(
    layers: Sequence[Layer], hidden: Tensor, cos: Tensor, sin: Tensor, attend: Attend, heads: int, kv_heads: int, eps: float
) -> Tensor:
    """hidden: (tokens, hidden) -> the same behind the last layer; cos, sin: (tokens, 1, head_dim), sine signed."""
    for index, layer in enumerate(layers):
        normed = F.rms_norm(hidden, hidden.shape[1:], layer.norm_attn, eps)
        qkv = layer.qkv(normed).view(hidden.shape[0], heads + 2 * kv_heads, -1)
        qk, v = qkv[:, :-kv_heads], qkv[:, -kv_heads:]
        qk = rotated(qk, cos, sin).to(v.dtype)
        hidden = layer.out.add_to(hidden, attend(index, qk[:, :heads], qk[:, heads:], v))
        normed = F.rms_norm(hidden, hidden.shape[1:], layer.norm_mlp, eps)
        gate, up = layer.gate_up(normed).chunk(2, -1)
        hidden = layer.down.add_to(hidden, F.silu(gate).mul_(up))
    return hidden


def _logits(w: LeanWeights, hidden: Tensor) -> Tensor:
    return w.head(F.rms_norm(hidden, hidden.shape[1:], w.norm, w.eps)).float()
