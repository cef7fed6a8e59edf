"""A recipe's plan: what each device must hold, what there is to compute and how long that takes, and remedies where it does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.train.grpo import ROW_TOKENS
from onevision.train.plan.architecture import Architecture, count, find_config
from onevision.train.plan.data import NOTHING_STATED, Data, Stated, batch_of, survey
from onevision.train.plan.memory import Memory, Row, Sharding, memory, sharding_of, zero
from onevision.train.plan.work import DECODE_BANDWIDTH, Device, decode_seconds, step_flops
from onevision.train.recipe import GRPORecipe, Recipe, SFTRecipe

USABLE = 0.9
"""Share of a device's memory to plan with: the rest is for the driver's context, NCCL's buffers and fragmentation (assumed)."""

MFU = 0.35
"""Share of the device's peak where none is stated (assumed); layers that checkpointing runs again count as work."""


@dataclass(frozen=True)
class Setting:
    """Where a recipe would run. mfu: share of the device's peak that learning reaches."""

    device: Device
    devices: int = 1
    mfu: float = MFU
    stated: Stated = NOTHING_STATED


@dataclass(frozen=True)
class Plan:
    """parameters, learning: numbers; memory: bytes on each device, of which `usable` may be filled; row: the longest row;
    cache_tokens: KV-cache that fits beside the weights while GRPO generates; together: answers generated at a time.
    tokens, picture_tokens: of all samples; flops: of all learning, without what checkpointing runs again.
    learn_seconds at the stated MFU; rollout_seconds from memory bandwidth, at the least."""

    stage: str
    model: str
    device: Device
    devices: int
    sharding: Sharding
    mfu: float
    parameters: int
    learning: int
    memory: Memory
    usable: int
    row: Row
    cache_tokens: int
    together: int
    samples: int
    updates: int
    tokens: float
    picture_tokens: float
    flops: float
    learn_seconds: float
    rollout_seconds: float
    notes: tuple[str, ...]
    remedies: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether a training step, and where there are rollouts one answer, fit into each device."""
        return self.memory.total <= self.usable and (self.stage != "grpo" or self.together >= 1)

    @property
    def seconds(self) -> float:
        """Of the whole run."""
        return self.learn_seconds + self.rollout_seconds


def make_plan(recipe: Recipe, folder: Path, setting: Setting) -> Plan:
    """Plan a recipe from the folder `folder`. Raises InputError where something needed can be neither counted nor assumed."""
    if setting.devices < 1 or not 0 < setting.mfu <= 1:
        raise InputError(f"devices is {setting.devices} and mfu {setting.mfu}: 1 or more devices and a share up to 1 were expected")
    architecture = count(find_config(recipe.model_name_or_path, folder))
    sharding = sharding_of(recipe, architecture, folder)
    plan = _plan(recipe, architecture, sharding, setting)
    return plan if plan.fits else replace(plan, remedies=tuple(_remedies(recipe, architecture, sharding, setting)))


def _plan(recipe: Recipe, architecture: Architecture, sharding: Sharding, setting: Setting) -> Plan:
    device, devices = setting.device, setting.devices
    data = survey(recipe, architecture.config, devices, setting.stated)
    row = longest_row(recipe, data)
    needed = memory(architecture, recipe, sharding, devices, row, device.flash)
    usable = int(USABLE * device.memory)
    room, together = _cache_room(architecture, recipe, usable - needed.resident, data)
    draws = -(-data.samples // batch_of(recipe, devices))
    learn, run = step_flops(architecture, recipe, data.text)
    return Plan(
        stage=recipe.stage,
        model=recipe.model_name_or_path,
        device=device,
        devices=devices,
        sharding=sharding,
        mfu=setting.mfu,
        parameters=architecture.total,
        learning=sum(architecture.learning(recipe).values()),
        memory=needed,
        usable=usable,
        row=row,
        cache_tokens=room,
        together=together,
        samples=data.samples,
        updates=draws * getattr(recipe, "num_iterations", 1),
        tokens=data.samples * (data.text.tokens or data.text.picture),
        picture_tokens=data.samples * data.text.picture,
        flops=data.samples * learn,
        learn_seconds=data.samples * run / (devices * device.flops * setting.mfu),
        rollout_seconds=draws * _rollout_seconds(architecture, recipe, device, data, together),
        notes=(*data.notes, f"{device.name}: {device.source}", *_assumed(recipe, setting)),
    )


def longest_row(recipe: Recipe, data: Data) -> Row:
    """The longest row that packing may make of a device's samples: full ones, or a single sample that is longer."""
    batch, text = batch_of(recipe, 1), data.text
    if recipe.stage == "see":
        return Row(0, round(batch * text.picture), 1, data.longest)
    sample, group = data.longest, data.longest
    limit = recipe.pack_tokens or (recipe.cutoff_len if isinstance(recipe, SFTRecipe) else ROW_TOKENS)
    if isinstance(recipe, GRPORecipe):
        group += recipe.num_generations * recipe.max_completion_length
        sample += recipe.max_completion_length
    tokens = max(group, min(limit, batch * group))
    # As many whole prompts as the row holds; in SFT samples are of mean length.
    samples = tokens / group if isinstance(recipe, GRPORecipe) else min(batch, tokens / text.tokens)
    return Row(tokens, round(samples * text.picture), sample, max(1, round(text.picture)))


def _cache_room(architecture: Architecture, recipe: Recipe, free: int, data: Data) -> tuple[int, int]:
    """(tokens of KV-cache that fit into `free` bytes, answers of full length at a time, prompt and all)."""
    if not isinstance(recipe, GRPORecipe):
        return 0, 0
    room = max(0, free) // architecture.kv_per_token(2 if recipe.bf16 else 4)
    answers = batch_of(recipe, 1) * recipe.num_generations
    return room, min(answers, room // (data.longest + recipe.max_completion_length))


def _rollout_seconds(architecture: Architecture, recipe: Recipe, device: Device, data: Data, together: int) -> float:
    if not isinstance(recipe, GRPORecipe):
        return 0.0
    return decode_seconds(architecture, recipe, device, data.text, batch_of(recipe, 1), together)


def _assumed(recipe: Recipe, setting: Setting) -> Iterator[str]:
    yield f"{setting.mfu:.0%} MFU, {USABLE:.0%} of the memory usable"
    if isinstance(recipe, GRPORecipe):
        yield f"rollouts: decoding at {DECODE_BANDWIDTH:.0%} of the memory's bandwidth, every batch to max_completion_length"
        if recipe.dynamic_sampling:
            yield f"dynamic_sampling may generate up to {1 + recipe.dynamic_sampling} times as much: not counted"


def _remedies(recipe: Recipe, architecture: Architecture, sharding: Sharding, setting: Setting) -> Iterator[str]:
    """Changes that make the plan fit: each that does so alone, else the first ones together, else more devices."""
    changes = list(_changes(recipe, architecture, sharding, setting.devices))
    alone = [text for text, keys, stage in changes if _plan(replace(recipe, **keys), architecture, stage or sharding, setting).fits]
    if alone:
        yield from alone
        return
    texts: list[str] = []
    for text, keys, stage in changes:
        recipe, sharding = replace(recipe, **keys), stage or sharding
        texts.append(text)
        if _plan(recipe, architecture, sharding, setting).fits:
            yield " and ".join(texts)
            return
    yield from _more_devices(recipe, architecture, setting)


def _changes(
    recipe: Recipe, architecture: Architecture, sharding: Sharding, devices: int
) -> Iterator[tuple[str, dict[str, Any], Sharding | None]]:
    """(words, the recipe's keys, another sharding), what costs least first."""
    if not recipe.gradient_checkpointing:
        yield "gradient_checkpointing: true (a third more to compute)", {"gradient_checkpointing": True}, None
    for stage in (2, 3):
        if devices > 1 and sharding.stage < stage:
            yield f"ZeRO-{stage} (deepspeed)", {}, zero(stage, architecture)
    if isinstance(recipe, SFTRecipe):
        half = recipe.cutoff_len // 2
        yield f"cutoff_len: {half} and pack_tokens: {half}", {"cutoff_len": half, "pack_tokens": half}, None
    if isinstance(recipe, GRPORecipe):
        half = recipe.max_completion_length // 2
        yield f"max_completion_length: {half}, at the risk of cutting answers", {"max_completion_length": half}, None
    if recipe.finetuning_type == "full" and recipe.stage != "see":
        yield "finetuning_type: lora", {"finetuning_type": "lora"}, None


def _more_devices(recipe: Recipe, architecture: Architecture, setting: Setting) -> Iterator[str]:
    """The fewest devices, doubling, that all changes together need."""
    for devices in (2**power for power in range(1, 11)):
        wider = replace(setting, devices=devices)
        if devices > setting.devices and _plan(recipe, architecture, zero(3, architecture), wider).fits:
            yield f"all of gradient checkpointing, ZeRO-3, shorter rows and LoRA, on {devices} devices"
            return
    yield f"nothing here: not on 1024 × {setting.device.name}; take devices with more memory"
