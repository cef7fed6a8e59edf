"""A training recipe: YAML with LLaMA-Factory's names, `key=value` overrides, and a clear line for every mistake."""

import difflib
import types
import typing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml

from onevision.errors import InputError

Stage = Literal["see", "sft"]


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how. Names shared with LLaMA-Factory and transformers mean what they mean there.

    stage: "see" (the picture tower alone, on labelled patches) or "sft".
    model_name_or_path: a folder, a hub id, or "new-nano" for an untrained nano.
    tasks: task name -> weight; a name's weight is its share of the samples.
    sizes: the picture sizes (pixels, geometric mean of the sides) as the curriculum climbs, (low, high) each.
    mastery: share of a task's samples that must be wholly right before its next level is mixed in.
    """

    stage: Stage
    output_dir: str
    model_name_or_path: str = "new-nano"
    tasks: dict[str, float] = field(default_factory=dict)
    levels: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    sizes: list[list[int]] = field(default_factory=lambda: [[112, 168], [168, 280], [224, 448]])
    mastery: float = 0.8
    freeze_vision_tower: bool = False
    per_device_train_batch_size: int = 32
    max_steps: int = 1000
    learning_rate: float = 1e-3
    lr_scheduler_type: str = "cosine"
    warmup_ratio: float = 0.02
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    bf16: bool = True
    seed: int = 0
    save_steps: int = 250
    save_total_limit: int = 2
    logging_steps: int = 20
    dataloader_num_workers: int = 1
    report_to: str = "none"


def load_recipe(path: str | Path, overrides: list[str] | None = None) -> Recipe:
    """Read a recipe and apply `key=value` overrides (values are YAML). Raises InputError naming the file, the key
    and the nearest known one."""
    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text())
    except OSError as error:
        raise InputError(f"recipe {path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise InputError(f"recipe {path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"recipe {path}: 'key: value' lines were expected, not {type(values).__name__}")
    return _build(str(path), values | dict(_override(text) for text in overrides or []))


def _override(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"override {text!r}: key=value was expected")
    return key, yaml.safe_load(value)


def _build(where: str, values: dict[str, Any]) -> Recipe:
    hints = typing.get_type_hints(Recipe)
    for key, value in values.items():
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1, cutoff=0)
            raise InputError(f"recipe {where}: unknown key {key!r}; did you mean {near[0]!r}?")
        values[key] = _check(where, key, value, hints[key])
    missing = [f.name for f in fields(Recipe) if f.name in ("stage", "output_dir") and f.name not in values]
    if missing:
        raise InputError(f"recipe {where}: {missing[0]!r} is missing")
    return Recipe(**values)


def _check(where: str, key: str, value: Any, hint: Any) -> Any:
    """The value in the type its key asks for (YAML reads 1e-5 as text)."""
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        raise InputError(f"recipe {where}: {key} is {value!r}; one of {', '.join(get_args(hint))}")
    kind = get_origin(hint) or hint
    if isinstance(hint, types.UnionType) or kind is Any:
        return value
    try:
        if kind is float and not isinstance(value, bool):
            return float(value)
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
    except (TypeError, ValueError):
        pass
    raise InputError(f"recipe {where}: {key} is {value!r}, where {kind.__name__} was expected")
