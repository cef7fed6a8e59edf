"""Which weights learn: parts of a Qwen2.5-VL frozen, or LoRA beside them (Hu et al. 2022, through peft)."""

from typing import Any

from torch import nn

from onevision.errors import InputError, MissingPartError
from onevision.train.recipe import Recipe


def adapt(model: Any, recipe: Recipe) -> Any:
    """Freeze what the recipe says, or wrap the model with LoRA; returns the model to train.

    Raises InputError where nothing would be left to learn, or a LoRA target is no linear layer of the model.
    """
    freeze(model, recipe)
    return _with_lora(model, recipe) if recipe.finetuning_type == "lora" else model


def freeze(model: Any, recipe: Recipe) -> None:
    """Freeze what the recipe says. Raises InputError where nothing would be left to learn."""
    inner = model.model
    inner.visual.requires_grad_(not recipe.freeze_vision_tower)
    inner.visual.merger.requires_grad_(not recipe.freeze_multi_modal_projector)
    inner.language_model.requires_grad_(not recipe.freeze_language_model)
    model.lm_head.requires_grad_(not recipe.freeze_language_model)
    if not any(weight.requires_grad for weight in model.parameters()):
        raise InputError("freeze_vision_tower, freeze_multi_modal_projector and freeze_language_model together leave nothing to learn")


def _with_lora(model: Any, recipe: Recipe) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise MissingPartError("finetuning_type: lora needs peft: pip install 'onevision[train]'") from None
    config = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha or 2 * recipe.lora_rank,
        lora_dropout=recipe.lora_dropout,
        target_modules=targets(model, recipe),
    )
    adapted = get_peft_model(model, config)
    adapted.peft_config["default"].base_model_name_or_path = recipe.model_name_or_path
    return adapted


def targets(model: Any, recipe: Recipe) -> list[str]:
    """Full names of the linear layers that LoRA goes beside: those that would learn, "all" or the named ones of them.

    The output head stays as it is, as in LLaMA-Factory. Raises InputError for a name that is no such layer's.
    """
    learning = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.weight.requires_grad and name != "lm_head"
    ]
    if recipe.lora_target == "all":
        return learning
    wanted = [part.strip() for part in recipe.lora_target.split(",")]
    for part in wanted:
        if not any(name.rpartition(".")[2] == part for name in learning):
            known = ", ".join(sorted({name.rpartition(".")[2] for name in learning}))
            raise InputError(f"lora_target {part!r} is no linear layer that learns; 'all' or some of {known}")
    return [name for name in learning if name.rpartition(".")[2] in wanted]
