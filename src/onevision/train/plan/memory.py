"""Bytes on each device: weights, gradients, optimizer, activations and what sharding needs besides, by ZeRO stage or FSDP."""

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import torch

from onevision.errors import InputError
from onevision.train.lanes import LARGEST, two_lanes
from onevision.train.pack import HEAD_CELLS
from onevision.train.plan.architecture import Architecture, Precision, kept_by_text_layer, kept_by_vision_block
from onevision.train.recipe import GRPORecipe, Recipe, SFTRecipe

HEAD_BYTES = 20
"""Bytes a logit while a piece of the output head is scored: bfloat16 and float32 logits, the softmax of the loss and of
the entropy, the gradient."""

BUCKET = 500_000_000
"""DeepSpeed's default bucket, in numbers (allgather_bucket_size, reduce_bucket_size)."""

LIVE = 1_000_000_000
"""DeepSpeed's default stage3_max_live_parameters: what ZeRO-3 may hold gathered."""


@dataclass(frozen=True)
class Sharding:
    """Who holds what. stage: 0 nothing is divided, 1 the optimizer, 2 gradients too, 3 weights too (Rajbhandari et al.
    2020); engine: "plain" (one device, or DDP), "zero" (DeepSpeed) or "fsdp". gathered: numbers in communication buffers.
    offloaded: the optimizer lives in the host's memory. name: for people."""

    engine: Literal["plain", "zero", "fsdp"] = "plain"
    stage: int = 0
    gathered: int = 0
    offloaded: bool = False

    @property
    def name(self) -> str:
        """For people."""
        kind = {"plain": "not sharded", "zero": f"ZeRO-{self.stage}", "fsdp": "FSDP2"}[self.engine]
        return f"{kind}, optimizer on the host" if self.offloaded else kind


def zero(stage: int, architecture: Architecture, values: dict[str, Any] | None = None) -> Sharding:
    """DeepSpeed's ZeRO at a stage; values: the "zero_optimization" section of its configuration."""
    values = values or {}
    hidden = architecture.config.text_config.hidden_size

    def numbers(key: str, default: int) -> int:
        # "auto" is hidden², as transformers fills it in.
        return hidden**2 if values.get(key) == "auto" else int(values.get(key, default))

    if stage == 3:
        gathered = min(architecture.total, numbers("stage3_max_live_parameters", LIVE))
    else:
        # overlap_comm keeps two reduce buckets.
        gathered = numbers("allgather_bucket_size", BUCKET) + numbers("reduce_bucket_size", BUCKET) * (1 + bool(values.get("overlap_comm")))
    offload = values.get("offload_optimizer") or {}
    return Sharding("zero", stage, gathered, offload.get("device", "none") != "none")


def sharding_of(recipe: Recipe, architecture: Architecture, folder: Path) -> Sharding:
    """What the recipe's `deepspeed` or `fsdp` says; a DeepSpeed file is looked for from here and from the recipe's folder.

    Where the file is not there, its name's stage counts (z2, z3, zero3). Raises InputError where that fails too.
    """
    if recipe.deepspeed:
        return _zero_of(recipe.deepspeed, architecture, folder)
    if recipe.fsdp:
        # A decoder layer in use and one on its way, besides the root's own: embedding and head. With shard_grad_op
        # what was gathered on the way there stays for the way back.
        layer = architecture.parts["language"] // architecture.config.text_config.num_hidden_layers
        few = 2 * layer + architecture.parts["embedding"] + architecture.parts["head"]
        return Sharding("fsdp", 3, architecture.total if "shard_grad_op" in recipe.fsdp else few, "offload" in recipe.fsdp)
    return Sharding()


def _zero_of(name: str, architecture: Architecture, folder: Path) -> Sharding:
    path = next((path for path in (Path(name), folder / name) if path.is_file()), None)
    if path is None:
        if found := re.search(r"z(?:ero)?[-_]?([0-3])(?!\d)", Path(name).stem):
            return zero(int(found[1]), architecture)
        raise InputError(f"deepspeed is {name!r}: no such file, and its name tells no ZeRO stage (as in ds_z3_config.json)")
    try:
        section = json.loads(path.read_text(encoding="utf-8"))["zero_optimization"]
        return zero(int(section["stage"]), architecture, section)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"deepspeed file {path}: a JSON object with zero_optimization.stage was expected") from None


@dataclass(frozen=True)
class Row:
    """The longest row a device runs at once. tokens: text and picture tokens; pictures: picture tokens of them;
    sample: tokens of one sample in it; picture: tokens of one picture."""

    tokens: int
    pictures: int
    sample: int
    picture: int


@dataclass(frozen=True)
class Memory:
    """Bytes on one device. buffers: what sharding gathers, or DDP's buckets and autocast's bfloat16 copies; reference:
    GRPO's frozen copy; rollout: weights that generate, where those that learn cannot."""

    weights: int
    gradients: int
    optimizer: int
    buffers: int
    reference: int
    rollout: int
    activations: int

    @property
    def resident(self) -> int:
        """All but activations: what is there while GRPO generates."""
        return self.total - self.activations

    @property
    def total(self) -> int:
        """Their sum, the peak of a training step."""
        return sum(getattr(self, f.name) for f in fields(self))


def memory(architecture: Architecture, recipe: Recipe, sharding: Sharding, devices: int, row: Row, flash: bool) -> Memory:
    """Bytes on each of `devices` devices. flash: whether attention keeps nothing of length × length (not so on a CPU)."""
    learning = architecture.learning(recipe)
    size, learnt = architecture.total, sum(learning.values())
    added = sum(numbers for part, numbers in learning.items() if part not in architecture.parts)  # LoRA's
    half = recipe.bf16 and sharding.engine == "zero"
    width, shares = 2 if half else 4, [devices if sharding.stage >= stage else 1 for stage in (1, 2, 3)]
    of_optimizer, of_gradients, of_weights = shares
    # One CPU process of several cores runs two rows of SFT at a time.
    one_cpu = not flash and devices == 1 and sharding.engine == "plain"
    lanes = 2 if one_cpu and isinstance(recipe, SFTRecipe) and learnt <= LARGEST and two_lanes(recipe) else 1
    state = _optimizer_bytes(architecture, recipe, learning) + (4 * learnt if half else 0)
    return Memory(
        weights=width * (size + added) // of_weights,
        gradients=lanes * width * learnt // of_gradients,
        optimizer=0 if sharding.offloaded else state // of_optimizer,
        buffers=lanes * _buffers(architecture, recipe, sharding, devices, learnt),
        reference=_reference(architecture, recipe),
        rollout=_rollout(architecture, recipe, sharding),
        activations=lanes * activations(architecture, recipe, precision_of(recipe, sharding), row, flash),
    )


def precision_of(recipe: Recipe, sharding: Sharding) -> Precision:
    """What layers compute in: DeepSpeed and FSDP hold bfloat16 weights for it, plain training casts float32 ones."""
    if not recipe.bf16:
        return Precision(torch.float32, False)
    return Precision(torch.float32, True) if sharding.engine == "plain" else Precision(torch.bfloat16, False)


def _optimizer_bytes(architecture: Architecture, recipe: Recipe, learning: dict[str, int]) -> int:
    """AdamW keeps two float32 moments, Muon one for each matrix it updates, an 8-bit AdamW two bytes."""
    learnt = sum(learning.values())
    if recipe.optim == "muon":
        # LoRA has matrices alone.
        return 8 * learnt - 4 * sum(architecture.matrices.get(part, size) for part, size in learning.items())
    return (2 if "8bit" in recipe.optim else 8) * learnt


def _buffers(architecture: Architecture, recipe: Recipe, sharding: Sharding, devices: int, learnt: int) -> int:
    if sharding.engine != "plain":
        return (2 if recipe.bf16 else 4) * sharding.gathered
    buckets = 4 * learnt if devices > 1 else 0
    casts = 2 * (architecture.total - architecture.parts["embedding"]) if recipe.bf16 else 0
    return buckets + casts


def _reference(architecture: Architecture, recipe: Recipe) -> int:
    """A whole copy on every device, unless an adapter can be switched off instead."""
    needed = isinstance(recipe, GRPORecipe) and recipe.beta and recipe.finetuning_type == "full"
    return 4 * architecture.total if needed else 0


def _rollout(architecture: Architecture, recipe: Recipe, sharding: Sharding) -> int:
    """vLLM has weights of its own; sharded ones must be gathered to generate."""
    if not isinstance(recipe, GRPORecipe):
        return 0
    return (2 if recipe.bf16 else 4) * architecture.total if recipe.rollout == "vllm" or sharding.stage == 3 else 0


def activations(architecture: Architecture, recipe: Recipe, precision: Precision, row: Row, flash: bool) -> int:
    """Bytes at the end of a forward pass over a row: what all layers saved, and the largest workspace of the way back.

    With gradient checkpointing a layer keeps its input alone, and one layer at a time is run again (Chen et al. 2016).
    """
    config, width = architecture.config, precision.dtype.itemsize
    vision, text = config.vision_config, config.text_config
    merge = vision.spatial_merge_size**2
    patches = row.pictures * merge
    pixels = 4 * patches * vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
    kept: list[float] = [pixels]
    work: list[float] = [0]
    if architecture.tower_learns(recipe):
        window = (vision.window_size // vision.patch_size) ** 2
        whole = len(vision.fullatt_block_indexes)
        lengths = [(min(row.picture * merge, window), vision.depth - whole), (row.picture * merge, whole)]
        blocks = [(patches * kept_by_vision_block(architecture, precision, None if flash else n), times) for n, times in lengths if times]
        kept.append(_stack(blocks, patches * vision.hidden_size * width, recipe.gradient_checkpointing))
        work.append(max(block for block, _ in blocks))
    if recipe.stage != "see":
        layer = row.tokens * kept_by_text_layer(architecture, precision, None if flash else row.sample)
        kept.append(_stack([(layer, text.num_hidden_layers)], row.tokens * text.hidden_size * width, recipe.gradient_checkpointing))
        work += [layer, HEAD_BYTES * min(HEAD_CELLS, (row.tokens - row.pictures) * text.vocab_size)]
    return int(sum(kept) + max(work))


def _stack(blocks: list[tuple[float, int]], entry: int, checkpointing: bool) -> float:
    """Bytes a tower keeps: (bytes a block, blocks) each, or only the blocks' inputs."""
    return sum(times * (entry if checkpointing else block) for block, times in blocks)
