"""A training recipe: YAML with LLaMA-Factory's names, `key=value` overrides, and a clear line for every mistake."""

import difflib
import math
import re
import sys
import types
import typing
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin

import yaml

from onevision.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to train, on what, and how. Names shared with LLaMA-Factory and transformers mean what they mean there.

    model_name_or_path: a folder, a hub id, "nano", or "new-nano" for an untrained nano.
    dataset: files, folders, hub ids or names in `dataset_dir`/dataset_info.json; one, or several with commas or as a list.
    val_size: samples never learnt from; SFT evaluates on them every eval_steps. A share of the data below 1, a number from 1.
    tasks: procedural task name -> weight, its share of the samples; drawn on the fly without end.
    sizes: picture sizes of the tasks (pixels, geometric mean of the sides) as the curriculum climbs, (low, high) each.
    mastery: share of a task's samples that must be wholly right before its next level is mixed in.
    image_resolution: the longest side of a picture, in pixels; image_max_pixels: its area. Larger ones are shrunk, and the
    processor's own limits hold besides.
    An optimizer update takes per_device_train_batch_size × gradient_accumulation_steps samples on each device,
    however many rows they are packed into.
    pack_tokens: the longest packed row; a sample or group that is longer gets a row of its own.
    optim: "adamw_torch", "muon" (Muon for matrices, AdamW for the rest), or any other name of transformers.
    """

    stage: str
    output_dir: str
    model_name_or_path: str = "nano"
    run_name: str | None = None
    # data
    dataset: list[str] = field(default_factory=list)
    dataset_dir: str = "data"
    max_samples: int | None = None
    val_size: float = 0.0
    image_resolution: int | None = None
    image_max_pixels: int | None = None
    tasks: dict[str, float] = field(default_factory=dict)
    levels: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    sizes: list[list[int]] = field(default_factory=lambda: [[112, 168], [168, 280], [224, 448]])
    dataloader_num_workers: int = 1
    # what learns
    finetuning_type: Literal["full", "lora"] = "full"
    lora_rank: int = 8
    lora_alpha: int | None = None
    lora_dropout: float = 0.0
    lora_target: str = "all"
    freeze_vision_tower: bool = False
    freeze_multi_modal_projector: bool = False
    freeze_language_model: bool = False
    # how
    per_device_train_batch_size: int = 1
    gradient_accumulation_steps: int = 1
    pack_tokens: int | None = None
    num_train_epochs: float = 1.0
    max_steps: int = -1
    learning_rate: float = 1e-5
    lr_scheduler_type: str = "cosine"
    lr_scheduler_kwargs: dict[str, Any] = field(default_factory=dict)
    warmup_ratio: float = 0.0
    warmup_steps: int = 0
    optim: str = "adamw_torch"
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    bf16: bool = False
    flash_attn: Literal["auto", "disabled", "sdpa", "fa2", "fa3"] = "auto"
    gradient_checkpointing: bool = False
    deepspeed: str | None = None
    fsdp: str | None = None
    ddp_timeout: int = 1800
    seed: int = 42
    # what is kept
    save_steps: int = 500
    save_total_limit: int | None = 2
    save_only_model: bool = False
    logging_steps: int = 5
    eval_steps: int | None = None
    plot_loss: bool = True
    report_to: str = "none"

    stages: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class SeeRecipe(Recipe):
    """The picture tower alone, on labelled patches (`train/see.py`)."""

    stages: ClassVar[tuple[str, ...]] = ("see",)


@dataclass(frozen=True, kw_only=True)
class SFTRecipe(Recipe):
    """Supervised fine-tuning (`train/sft.py`).

    cutoff_len: the longest sample in tokens, and unless `pack_tokens` says otherwise the longest packed row.
    dataset_weight: the data sets' share of the samples, beside the weights of `tasks`.
    described: the share of the tasks' samples that give the Description in words, of any level, in place of the picture:
    practice in reasoning alone, without the picture tower's cost.
    augment: the share of the tasks' pictures that are turned, blurred, scaled, given margins or saved as JPEG (`train/augment.py`).
    thought: what stands between the question and the answer that is learnt: the Description and the steps ("described"),
    the steps alone ("steps"), or nothing ("none"); to measure what a thought is worth.
    feature_cache: a folder for the picture features of data sets, so that a frozen tower sees each picture once. One
    picture takes (pixels / 784) × hidden size × 2 bytes in bf16: 2.4 MB for 512 × 512 pixels and a 7B model.
    """

    # As in LLaMA-Factory: what its recipes leave unsaid is frozen.
    freeze_vision_tower: bool = True
    freeze_multi_modal_projector: bool = True
    dataset_weight: float = 1.0
    described: float = 0.0
    augment: float = 0.0
    thought: Literal["described", "steps", "none"] = "described"
    feature_cache: str | None = None
    cutoff_len: int = 2048
    mastery: float = 0.8

    stages: ClassVar[tuple[str, ...]] = ("sft",)


@dataclass(frozen=True, kw_only=True)
class GRPORecipe(Recipe):
    """Group-relative policy optimisation (`train/grpo.py`); names as in TRL where it has them.

    per_device_train_batch_size × gradient_accumulation_steps prompts make an update, each with num_generations answers.
    loss_type, epsilon(_high), beta, scale_rewards, num_iterations: see `train/loss.py`.
    reward_funcs: "answer" (the common grader), "format", or "FILE.py:FUNCTION" with TRL's signature; reward_weights
    beside them. dynamic_sampling: how many times a group whose rewards are all equal is replaced by another prompt.
    mask_truncated_completions: answers cut at max_completion_length teach nothing; overlong_buffer: tokens before that
    length over which a penalty up to -1 grows (DAPO, Yu et al. 2025).
    rollout: "torch"; "compiled", the same in half of the time for small models on a CPU with a C++ compiler (engine.compiled); or
    "vllm" for a colocated vLLM that gets the weights after every update.
    """

    num_generations: int = 8
    max_completion_length: int = 1024
    temperature: float = 1.0
    top_p: float = 1.0
    num_iterations: int = 1
    loss_type: Literal["grpo", "dr_grpo", "dapo", "gspo", "cispo"] = "dapo"
    epsilon: float = 0.2
    epsilon_high: float | None = None
    beta: float = 0.0
    scale_rewards: Literal["group", "batch", "none"] = "group"
    reward_funcs: list[str] = field(default_factory=lambda: ["answer", "format"])
    reward_weights: list[float] = field(default_factory=list)
    dynamic_sampling: int = 0
    mask_truncated_completions: bool = False
    overlong_buffer: int = 0
    rollout: Literal["torch", "compiled", "vllm"] = "torch"

    stages: ClassVar[tuple[str, ...]] = ("grpo",)


STAGES: dict[str, type[Recipe]] = {stage: kind for kind in (SeeRecipe, SFTRecipe, GRPORecipe) for stage in kind.stages}

WITHOUT_EFFECT = frozenset(
    "do_train template overwrite_cache overwrite_output_dir preprocessing_num_workers preprocessing_batch_size packing neat_packing "
    "trust_remote_code video_max_pixels pure_bf16 resume_from_checkpoint eval_strategy per_device_eval_batch_size "
    "include_num_input_tokens_seen".split()
)
"""Keys of LLaMA-Factory recipes that are taken and change nothing: what they ask for is always so here, or (running
code that comes with a model) never."""

LEAST = {
    **dict.fromkeys(
        "per_device_train_batch_size gradient_accumulation_steps num_generations max_completion_length num_iterations cutoff_len "
        "pack_tokens image_resolution image_max_pixels save_steps eval_steps logging_steps lora_rank lora_alpha".split(),
        1,
    ),
    **dict.fromkeys("learning_rate weight_decay warmup_steps warmup_ratio dataloader_num_workers val_size temperature".split(), 0),
}
"""The least values of some keys; anything below would only be a traceback later."""


def load_recipe(path: str | Path, overrides: list[str] | None = None) -> Recipe:
    """Read a recipe and apply `key=value` overrides (values are YAML): a SeeRecipe, SFTRecipe or GRPORecipe by its stage.

    Raises InputError naming the file, the key and the nearest known one.
    """
    return _build(str(path), read_yaml(path, overrides))


def read_yaml(path: str | Path, overrides: list[str] | None = None) -> dict[str, Any]:
    """The keys and values of a recipe, with `key=value` overrides; a value such as 25% is that share of the recipe's own.

    Raises InputError naming the file or the override."""
    try:
        values = yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise InputError(f"recipe {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"recipe {path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"recipe {path}: 'key: value' lines were expected, not {type(values).__name__}")
    return values | dict(_override(text, values) for text in overrides or [])


def _override(text: str, values: dict[str, Any]) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"override {text!r}: key=value was expected")
    if share := re.fullmatch(r"(\d+(?:\.\d+)?)%", value):
        return key, _share(text, float(share[1]), values.get(key))
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        raise InputError(f"override {text!r}: the value is not YAML") from None


def _share(text: str, percent: float, own: Any) -> int | float:
    """That part of the recipe's own number; of a whole one, rounded up to a whole one."""
    with suppress(TypeError, ValueError):
        number = own if type(own) is int else float("nan" if isinstance(own, bool) else own)
        if percent and number > 0:
            return math.ceil(number * percent / 100) if isinstance(number, int) else number * percent / 100
    raise InputError(f"override {text!r}: a share above 0 % of a number above 0 was expected; the recipe's own is {own!r}")


def _build(where: str, values: dict[str, Any]) -> Recipe:
    kind = STAGES.get(str(values.get("stage")))
    if kind is None:
        raise InputError(f"recipe {where}: stage is {values.get('stage')!r}; one of {', '.join(STAGES)}")
    if ignored := [key for key in values if key in WITHOUT_EFFECT]:
        print(f"recipe {where}: {', '.join(ignored)}: without effect here", file=sys.stderr)
    kept = {key: value for key, value in values.items() if key not in WITHOUT_EFFECT}
    return typed(f"recipe {where}", kind, kept, f" for stage {values['stage']}")


Made = TypeVar("Made")


def typed(where: str, kind: type[Made], values: Mapping[str, Any], of: str = "") -> Made:
    """A dataclass from a recipe's values, each in the type that its field asks for. Raises InputError beginning with
    `where` for an unknown key (`of` says whose), a missing one, or a value of another type."""
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: {values!r}, where keys with their values were expected")
    hints = typing.get_type_hints(kind)
    known = {f.name: hints[f.name] for f in fields(kind) if f.init}  # type: ignore[arg-type]
    checked = {}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0)
            raise InputError(f"{where}: unknown key {key!r}{of}; did you mean {near[0]!r}?")
        checked[key] = _check(where, key, value, known[key])
    for f in fields(kind):  # type: ignore[arg-type]
        if f.default is MISSING and f.default_factory is MISSING and f.name not in checked:
            raise InputError(f"{where}: {f.name!r} is missing")
    return kind(**checked)


def _check(where: str, key: str, value: Any, hint: Any) -> Any:
    """The value in the type its key asks for (YAML reads 1e-5 as text, and one item where a list may stand)."""
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        raise InputError(f"{where}: {key} is {value!r}; one of {', '.join(get_args(hint))}")
    if isinstance(hint, types.UnionType):
        return None if value is None else _check(where, key, value, get_args(hint)[0])
    kind, of = get_origin(hint) or hint, get_args(hint)
    if hint is Any:
        return value
    if hint == list[str] and isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if of and kind is list and isinstance(value, list):
        return [_check(where, f"{key}[{number}]", one, of[0]) for number, one in enumerate(value)]
    if of and kind is dict and isinstance(value, dict):
        return {_check(where, f"a name in {key}", name, of[0]): _check(where, f"{key}.{name}", one, of[1]) for name, one in value.items()}
    if kind is float and not isinstance(value, bool):
        with suppress(TypeError, ValueError):
            value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{where}: {key} is {value!r}, where {kind.__name__} was expected")
    if key in LEAST and value < LEAST[key]:
        raise InputError(f"{where}: {key} is {value!r}, where {LEAST[key]} or more was expected")
    return value
