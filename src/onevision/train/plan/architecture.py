"""What a Qwen2.5-VL weighs: its parameters, and what autograd keeps of its layers, both taken from the real classes.

Nothing is estimated by a formula that could drift from the code: the model is built on PyTorch's meta device and its
parameters are counted; one layer of each tower runs on fake tensors and the bytes it saves for its backward are added up.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as qwen

from onevision.errors import InputError
from onevision.models.load import nano_folder
from onevision.train.adapt import freeze, targets
from onevision.train.pack import Layout, Packing, use_gated_units
from onevision.train.recipe import Recipe, load_recipe

PUBLISHED = {
    "qwen/qwen2.5-vl-3b-instruct": "3b",
    "qwen/qwen2.5-vl-7b-instruct": "7b",
    "qwen/qwen2.5-vl-32b-instruct": "32b",
    "qwen/qwen2.5-vl-72b-instruct": "72b",
    "fancy-mllm/r1-onevision-7b": "7b",
    "fancy-mllm/r1-onevision-7b-rl": "7b",
}
"""Hub ids in lower case -> the file of their published dimensions in models/qwen2_5_vl/."""

PARTS = {"model.visual.merger.": "projector", "model.visual.": "vision", "model.language_model.embed_tokens.": "embedding",
         "lm_head.": "head", "model.language_model.": "language"}  # fmt: skip
"""The first prefix that fits a parameter's name says which part it is in. A tied head is in the embedding."""


@dataclass(frozen=True, eq=False)
class Architecture:
    """Parameters by part (vision, projector, embedding, language, head). matrices: those of them in hidden matrices.
    model: the whole of it, on the meta device."""

    config: Qwen2_5_VLConfig
    parts: dict[str, int]
    matrices: dict[str, int]
    model: Any

    @property
    def total(self) -> int:
        """All parameters."""
        return sum(self.parts.values())

    @property
    def output(self) -> int:
        """Parameters of the output head, tied to the embedding or not."""
        return self.parts["head"] or self.parts["embedding"]

    def kv_per_token(self, width: int) -> int:
        """Bytes of KV-cache a token takes in all layers; width: bytes a number."""
        text = self.config.text_config
        return 2 * int(text.num_hidden_layers * text.num_key_value_heads * head_dim(text)) * width

    def learning(self, recipe: Recipe) -> dict[str, int]:
        """Parameters that learn, by part: all that is not frozen, or LoRA's alone ("lora vision" and so on)."""
        if recipe.stage == "see":
            return {part: self.parts[part] for part in ("vision", "projector")}
        if recipe.finetuning_type == "lora":
            return self._adapters(recipe)
        frozen = {
            "vision": recipe.freeze_vision_tower,
            "projector": recipe.freeze_multi_modal_projector,
            **dict.fromkeys(("language", "embedding", "head"), recipe.freeze_language_model),
        }
        return {part: size for part, size in self.parts.items() if not frozen[part]}

    def tower_learns(self, recipe: Recipe) -> bool:
        """Whether gradients go back into the picture tower: to its weights, or to adapters beside them."""
        return any(part.endswith(("vision", "projector")) for part in self.learning(recipe))

    def _adapters(self, recipe: Recipe) -> dict[str, int]:
        """Two matrices beside every layer that `adapt` would choose."""
        freeze(self.model, recipe)
        sizes: Counter[str] = Counter()
        for name in targets(self.model, recipe):
            layer = self.model.get_submodule(name)
            sizes[f"lora {_part(name)}"] += recipe.lora_rank * (layer.in_features + layer.out_features)
        return dict(sizes)


def head_dim(config: Any) -> int:
    """Width of one attention head of the text tower."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def find_config(name: str, recipes: Path, seen: tuple[str, ...] = ()) -> Qwen2_5_VLConfig:
    """A model's configuration without the network: nano, a published size, a folder, the hub's cache, or what another
    recipe in the folder `recipes` is going to make. Raises InputError for any other name."""
    if name in ("nano", "new-nano"):
        return _read(nano_folder() / "config.json", name)
    if size := PUBLISHED.get(name.lower()):
        return _read(Path(str(files("onevision.models"))) / "qwen2_5_vl" / f"{size}.json", name)
    if (local := Path(name).expanduser() / "config.json").is_file():
        return _read(local, name)
    if cached := _cached(name):
        return _read(Path(cached), name)
    for path in sorted(recipes.glob("*.yaml")):
        maker = _try_recipe(path)
        if maker and maker.output_dir == name and maker.model_name_or_path not in seen:
            return find_config(maker.model_name_or_path, recipes, (*seen, name))
    known = "nano, a folder with a config.json, Qwen/Qwen2.5-VL-{3B,7B,32B,72B}-Instruct or Fancy-MLLM/R1-Onevision-7B"
    raise InputError(f"model {name!r} is neither here nor a known size, and planning downloads nothing: give {known}")


def _cached(name: str) -> str | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return None
    return found if isinstance(found, str) else None


def _try_recipe(path: Path) -> Recipe | None:
    try:
        return load_recipe(path)
    except InputError:
        return None  # another recipe's mistake is not this plan's


def _read(path: Path, name: str) -> Qwen2_5_VLConfig:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"model {name!r}: {path} is not readable JSON") from None
    if not isinstance(values, dict) or values.get("model_type") != "qwen2_5_vl":
        raise InputError(f"model {name!r}: {path} is not the config.json of a qwen2_5_vl")
    config: Qwen2_5_VLConfig = Qwen2_5_VLConfig.from_dict(values)
    return config


def count(config: Qwen2_5_VLConfig) -> Architecture:
    """Count a model's parameters on the meta device: no memory, any size."""
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    parts, matrices = Counter(dict.fromkeys(PARTS.values(), 0)), Counter(dict.fromkeys(PARTS.values(), 0))
    for name, weight in model.named_parameters():
        part = _part(name)
        parts[part] += weight.numel()
        matrices[part] += weight.numel() if weight.ndim == 2 and part not in ("embedding", "head") else 0
    return Architecture(config, dict(parts), dict(matrices), model)


def _part(name: str) -> str:
    return next(part for prefix, part in PARTS.items() if name.startswith(prefix))


class Flash:
    """Stands where a `Packing` stands for attention that keeps nothing of length × length, as flash attention does."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """query: (row, heads, dim); key, value: (row, kv heads, dim) -> (row, heads * dim)."""
        q, k, v = (x.transpose(0, 1)[None] for x in (query, key, value))
        mixed: Tensor = F.scaled_dot_product_attention(q, k, v, scale=scaling, enable_gqa=True)
        return mixed[0].transpose(0, 1).flatten(1)


@dataclass(frozen=True)
class Precision:
    """dtype: of the weights in memory; autocast: whether products run in bfloat16 all the same."""

    dtype: torch.dtype
    autocast: bool


@lru_cache
def kept_by_text_layer(architecture: Architecture, precision: Precision, length: int | None) -> float:
    """Bytes a token that one decoder layer saves for its backward. length: tokens of the samples, whose attention
    keeps length × length; None for flash attention, which does not."""
    text = architecture.config.text_config
    text._attn_implementation = "onevision_packed"

    def run(row: int, layout: Layout) -> tuple[nn.Module, Callable[[], Any]]:
        layer = qwen.Qwen2_5_VLDecoderLayer(text, 0)
        angles = (torch.empty(1, row, head_dim(text)),) * 2
        states = torch.empty(1, row, text.hidden_size, requires_grad=True)
        return layer, lambda: layer(states, position_embeddings=angles, packing=layout)

    return _per_token(run, precision, length, causal=True)


@lru_cache
def kept_by_vision_block(architecture: Architecture, precision: Precision, length: int | None) -> float:
    """Bytes a patch that one vision block saves for its backward; length: patches that look at each other, or None."""
    vision = architecture.config.vision_config

    def run(row: int, layout: Layout) -> tuple[nn.Module, Callable[[], Any]]:
        block = qwen.Qwen2_5_VLVisionBlock(vision)
        block.attn.forward = MethodType(_attend, block.attn)
        angles = (torch.empty(row, vision.hidden_size // vision.num_heads),) * 2
        states = torch.empty(row, vision.hidden_size, requires_grad=True)
        return block, lambda: block(states, cu_seqlens=layout, position_embeddings=angles)

    return _per_token(run, precision, length, causal=False)


def _attend(self: Any, hidden_states: Tensor, cu_seqlens: Layout, position_embeddings: tuple[Tensor, Tensor], **_: Any) -> Tensor:
    # As in train/pack.py, but the layout comes where the real one is made from cu_seqlens' values: fake ones have none.
    q, k, v = self.qkv(hidden_states).reshape(len(hidden_states), 3, self.num_heads, -1).unbind(1)
    q, k = qwen.apply_rotary_pos_emb_vision(q, k, *position_embeddings)
    return self.proj(cu_seqlens.attend(q.to(v.dtype), k.to(v.dtype), v, self.scaling))


def _per_token(run: Callable[..., Any], precision: Precision, length: int | None, causal: bool) -> float:
    # The difference of one sample more: what does not grow with the row (weights cast by autocast) falls out.
    saved, size = [], length or 64
    for samples in (1, 2):
        layout = Packing([size] * samples, causal=causal) if length else Flash()
        with FakeTensorMode(allow_non_fake_inputs=True), _default(precision.dtype):
            layer, forward = run(samples * size, layout)
            use_gated_units(layer)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision.autocast):
                saved.append(saved_bytes(layer, forward))
    return (saved[1] - saved[0]) / size


@contextmanager
def _default(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def saved_bytes(layer: nn.Module, forward: Callable[[], Any]) -> int:
    """Bytes of all storages that autograd keeps for the way back of `forward`, the layer's own weights left out."""
    own = {weight.untyped_storage()._cdata for weight in layer.parameters()}
    saved: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = forward()
    del output
    return sum(tensor.untyped_storage().nbytes() for storage, tensor in saved.items() if storage not in own)
