"""What the stages share on top of transformers' Trainer: its arguments, resuming, the loss curve, one optimizer."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel, Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from onevision.report.curves import plot_losses
from onevision.train.optim import MuonAdamW
from onevision.train.recipe import Recipe


def training_arguments(recipe: Recipe) -> TrainingArguments:
    """transformers' arguments for a recipe whose data come as ready batches from an endless stream."""
    return TrainingArguments(
        output_dir=recipe.output_dir,
        max_steps=recipe.max_steps,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.lr_scheduler_type,
        warmup_steps=int(recipe.warmup_ratio * recipe.max_steps),
        max_grad_norm=recipe.max_grad_norm,
        bf16=recipe.bf16,
        use_cpu=not torch.cuda.is_available(),
        seed=recipe.seed,
        save_steps=recipe.save_steps,
        save_total_limit=recipe.save_total_limit,
        logging_steps=recipe.logging_steps,
        dataloader_num_workers=recipe.dataloader_num_workers,
        dataloader_prefetch_factor=4 if recipe.dataloader_num_workers else None,
        report_to=recipe.report_to,
        remove_unused_columns=False,
        # The stream is told where to go on (see `steps_done`): replaying it would draw every picture again.
        ignore_data_skip=True,
        accelerator_config={"dispatch_batches": False, "split_batches": False},
    )


def steps_done(output_dir: str) -> tuple[int, str | None]:
    """How many optimizer steps the last checkpoint in a folder holds, and its path: (0, None) where there is none."""
    last = get_last_checkpoint(output_dir) if Path(output_dir).is_dir() else None
    if not last:
        return 0, None
    return int(json.loads((Path(last) / "trainer_state.json").read_text())["global_step"]), last


class StreamTrainer(Trainer):
    """Trainer over a dataset that yields whole batches, with MuonAdamW."""

    def __init__(self, recipe: Recipe, model: nn.Module, **kwargs: Any) -> None:
        # Softmax tails and young moments are full of denormals, which a CPU multiplies many times slower.
        torch.set_flush_denormal(True)
        optimizer = MuonAdamW(model, recipe.learning_rate, recipe.weight_decay)
        super().__init__(model=model, args=training_arguments(recipe), optimizers=(optimizer, None), **kwargs)
        self.add_callback(LossCurve())

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        # A checkpoint of a transformers model has the hub's weight names, which plain load_state_dict does not know
        # and, not being strict, passes over in silence.
        target = model or self.model
        if not isinstance(target, PreTrainedModel):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        saved = type(target).from_pretrained(resume_from_checkpoint, dtype=torch.float32)
        target.load_state_dict(saved.state_dict())

    def get_train_dataloader(self) -> torch.utils.data.DataLoader[Any]:
        return torch.utils.data.DataLoader(
            self.train_dataset,
            batch_size=None,
            num_workers=self.args.dataloader_num_workers,
            prefetch_factor=self.args.dataloader_prefetch_factor,
        )


class LossCurve(TrainerCallback):
    """Keeps losses.jsonl beside the checkpoints and draws loss.png from it whenever one is saved."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            with (Path(args.output_dir) / "losses.jsonl").open("a") as out:
                out.write(json.dumps({"step": state.global_step, **logs}) + "\n")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        plot_losses(Path(args.output_dir))


def starting_model(recipe: Recipe) -> tuple[Any, Any]:
    """(model in float32, processor) that the recipe starts from; "new-nano" is made in the output folder first."""
    from onevision.models.load import load_model

    set_seed(recipe.seed)  # what a stage adds to the model starts at random
    folder: str | Path = recipe.model_name_or_path
    if folder == "new-nano":
        from onevision.models.nano import new_nano
        from onevision.train.corpus import task_texts

        folder = Path(recipe.output_dir) / "untrained"
        if not (folder / "config.json").exists():
            new_nano(folder, task_texts(), recipe.seed)
    return load_model(str(folder), device="cpu", dtype="float32")


def finish(trainer: Trainer, model: Any, processor: Any, recipe: Recipe) -> Path:
    """Save a finished model as a normal folder, bf16 safetensors, in the output folder itself."""
    folder = Path(recipe.output_dir)
    # A copy: bf16 is for the file, the trainer's own weights stay as they are.
    weights = {name: weight.to(torch.bfloat16) for name, weight in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        weights.pop("lm_head.weight")  # it is the embedding; as a second copy it would be saved twice
    model.config.dtype = torch.bfloat16
    model.save_pretrained(folder, state_dict=weights)
    processor.save_pretrained(folder)
    plot_losses(folder)
    return folder
