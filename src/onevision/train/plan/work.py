"""FLOPs of a run and the time they take on known devices."""

import os
import time
from dataclasses import dataclass
from functools import lru_cache

import torch

from onevision.errors import InputError, unknown_name
from onevision.train.plan.architecture import Architecture, head_dim
from onevision.train.recipe import GRPORecipe, Recipe

GIB = 2**30

DECODE_BANDWIDTH = 0.6
"""Share of a device's memory bandwidth that decoding is assumed to reach."""


@dataclass(frozen=True)
class Device:
    """memory: bytes; flops: dense bfloat16 FLOP/s at its peak; bandwidth: bytes/s to its memory; source: of these figures.
    flash: whether attention keeps nothing of length × length there."""

    name: str
    memory: int
    flops: float
    bandwidth: float
    source: str
    flash: bool = True


_AMPERE = "NVIDIA A100 data sheet (80GB SXM); the A800 differs in NVLink alone, 400 for 600 GB/s"
DEVICES = {
    device.name: device
    for device in (
        Device("a100", 80 * GIB, 312e12, 2.039e12, _AMPERE),
        Device("a800", 80 * GIB, 312e12, 2.039e12, _AMPERE),
        Device("h100", 80 * GIB, 989e12, 3.35e12, "NVIDIA H100 data sheet (SXM), without sparsity"),
        Device("h200", 140 * GIB, 989e12, 4.8e12, "NVIDIA H200 data sheet (SXM), without sparsity"),
        Device("4090", 24 * GIB, 165.2e12, 1.008e12, "NVIDIA Ada architecture paper, float32 accumulation, without sparsity"),
    )
}


def device(name: str, bf16: bool) -> Device:
    """A device by name; "cpu" is this machine, measured; "auto" its CUDA device where there is one. Raises InputError."""
    if name == "auto":
        name = _cuda_device() if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return this_cpu(bf16)
    if name not in DEVICES:
        raise unknown_name("device", name, (*DEVICES, "cpu", "auto"))
    return DEVICES[name]


def _cuda_device() -> str:
    full = torch.cuda.get_device_name().lower()
    known = next((name for name in DEVICES if name in full), None)
    if known is None:
        raise InputError(f"this machine's {full!r} is not in the table: give --device, one of {', '.join(DEVICES)}, and --device-memory")
    return known


@lru_cache
def this_cpu(bf16: bool) -> Device:
    """This machine's processor: the best of five matrix products of 1024² and of five copies of 64 MiB."""
    a = torch.ones(1024, 1024, dtype=torch.bfloat16 if bf16 else torch.float32)
    source, target = torch.ones(2**24), torch.empty(2**24)
    product = min(_seconds(lambda: a @ a) for _ in range(5))
    copy = min(_seconds(lambda: target.copy_(source)) for _ in range(5))
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    kind = "bfloat16" if bf16 else "float32"
    return Device("cpu", size, 2 * 1024**3 / product, 2 * 4 * 2**24 / copy, f"measured here: {kind} matrix product, copy", flash=False)


def _seconds(run: object) -> float:
    start = time.perf_counter()
    run()  # type: ignore[operator]
    return time.perf_counter() - start


@dataclass(frozen=True)
class Text:
    """Mean tokens of one sample. prompt: with its pictures; picture: tokens of these; answer: of one supervised answer;
    answers: how many share the prompt (GRPO's group)."""

    prompt: float
    picture: float
    answer: float
    answers: int = 1

    @property
    def tokens(self) -> float:
        """Tokens a row holds of one sample."""
        return self.prompt + self.answers * self.answer

    @property
    def attended(self) -> float:
        """Pairs (token, token it looks at), causal; each answer looks at the one prompt."""
        return self.prompt**2 / 2 + self.answers * (self.answer * self.prompt + self.answer**2 / 2)


def forward_flops(architecture: Architecture, text: Text) -> dict[str, float]:
    """FLOPs of one forward pass over a sample, by tower.

    Twice the parameters a token meets (Kaplan et al. 2020), and attention's two products, 4 × heads × head width for
    every pair of tokens and layer (Chowdhery et al. 2022, appendix B, here causal). A picture is encoded once, in windows
    but for a few layers; the prompt runs once for all its answers; the output head runs on answers alone.
    """
    config, parts = architecture.config, architecture.parts
    vision, language = config.vision_config, config.text_config
    merge = vision.spatial_merge_size**2
    patches, window = text.picture * merge, (vision.window_size // vision.patch_size) ** 2
    whole = len(vision.fullatt_block_indexes)
    pairs = patches * (whole * patches + (vision.depth - whole) * min(window, patches))
    width = language.num_attention_heads * head_dim(language)
    return {
        "vision": 2 * (parts["vision"] * patches + parts["projector"] * text.picture) + 4 * vision.hidden_size * pairs,
        "language": 2 * parts["language"] * text.tokens + 4 * language.num_hidden_layers * width * text.attended,
        "head": 2 * architecture.output * text.answers * text.answer,
    }


def step_flops(architecture: Architecture, recipe: Recipe, text: Text) -> tuple[float, float]:
    """(FLOPs of learning from one sample, the same with layers that checkpointing runs again).

    The way back costs twice the way there for weights that learn, once for frozen ones that gradients pass through,
    nothing below the lowest that learns. GRPO adds the way there for the prompt (rollout) and, with a KL term, for the
    reference; the rollout's answers are counted here too, although bandwidth bounds their time.
    """
    forward, learning = forward_flops(architecture, text), architecture.learning(recipe)
    tower = architecture.tower_learns(recipe)
    if recipe.stage == "see":
        forward["language"] = forward["head"] = 0.0
    seeing = 2.0 if {"vision", "projector"} & set(learning) else 1.0
    back = {"vision": seeing * tower, "language": 2.0 if "language" in learning else 1.0, "head": 2.0 if "head" in learning else 1.0}
    updates = recipe.num_iterations if isinstance(recipe, GRPORecipe) else 1
    learn = updates * sum(cost * (1 + back[part]) for part, cost in forward.items())
    again = updates * (forward["language"] + tower * forward["vision"]) if recipe.gradient_checkpointing else 0.0
    if isinstance(recipe, GRPORecipe):
        learn += sum(forward.values()) * (2 if recipe.beta else 1)
    return learn, learn + again


def decode_seconds(architecture: Architecture, recipe: GRPORecipe, device: Device, text: Text, prompts: int, room: int) -> float:
    """Least seconds a device needs to generate the answers to `prompts` prompts, `room` answers at a time.

    Each step reads all weights once and every answer's cache (prompt and half of an answer on average); an answer that
    runs to max_completion_length holds its batch up to the end.
    """
    width = 2 if recipe.bf16 else 4
    answers = prompts * recipe.num_generations
    batches = -(-answers // max(1, min(room, answers)))
    together = answers / batches
    weights = width * (architecture.parts["language"] + architecture.output)
    cache = architecture.kv_per_token(width) * (text.prompt + text.answer / 2)
    return batches * recipe.max_completion_length * (weights + together * cache) / (device.bandwidth * DECODE_BANDWIDTH)
