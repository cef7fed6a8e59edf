"""Supervised fine-tuning on the visual tasks, drawn on the fly and packed without padding.

The share of samples whose every supervised token is the model's first choice is measured on the very batches that
are learnt from: none is ever drawn twice, so it is held-out accuracy for free, and it moves the curriculum.
"""

import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import IterableDataset, get_worker_info
from transformers import TrainerCallback

from onevision import tasks
from onevision.tasks.base import Task, keyed_seed
from onevision.train.curriculum import Curriculum
from onevision.train.encode import IGNORE, Encoded, collate, encode
from onevision.train.pack import hidden_states, use_packing
from onevision.train.recipe import Recipe
from onevision.train.trainer import StreamTrainer, finish, starting_model, steps_done


class TaskBatches(IterableDataset):  # type: ignore[type-arg]
    """Packed batches of tasks' samples without end, from batch `first_batch` on, as the curriculum asks for them."""

    def __init__(self, recipe: Recipe, curriculum: Curriculum, processor: Any, first_batch: int = 0) -> None:
        self.recipe, self.curriculum, self.processor, self.first_batch = recipe, curriculum, processor, first_batch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker = get_worker_info()
        if worker:
            torch.set_num_threads(1)
        batch, stride = self.first_batch + (worker.id if worker else 0), worker.num_workers if worker else 1
        while True:
            first = batch * self.recipe.per_device_train_batch_size
            indices = range(first, first + self.recipe.per_device_train_batch_size)
            names, samples = zip(*(self._sample(index) for index in indices), strict=True)
            yield collate(samples) | {"tasks": names}
            batch += stride

    def _sample(self, index: int) -> tuple[str, Encoded]:
        rng = random.Random(keyed_seed("sft", self.recipe.seed, index))
        name, level, size = self.curriculum.choose(rng)
        sample = _task(name, self.recipe.seed, level, size).sample(index)
        return name, encode(sample, self.processor)


@lru_cache(maxsize=512)
def _task(name: str, seed: int, level: int, size: tuple[int, int]) -> Task:
    return tasks.make(name, split="train", seed=seed, levels=(level,), size=size)


class SFTTrainer(StreamTrainer):
    """Cross-entropy on the supervised tokens; the output head runs on those alone."""

    def __init__(self, recipe: Recipe, curriculum: Curriculum, model: Any, **kwargs: Any) -> None:
        super().__init__(recipe, model, **kwargs)
        self.curriculum = curriculum
        self.add_callback(KeepCurriculum(curriculum))

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        inner = self.accelerator.unwrap_model(model)
        # The state at a token predicts the next one.
        supervised = (inputs["labels"][1:] != IGNORE).nonzero().squeeze(1)
        target = inputs["labels"][1:][supervised]
        # accelerate's autocast sits on the model's own forward, which packing goes round.
        with torch.autocast(target.device.type, dtype=torch.bfloat16, enabled=self.args.bf16):
            logits = inner.lm_head(hidden_states(inner, inputs)[supervised]).float()
        self._record(inputs, supervised, (logits.argmax(-1) == target).detach())
        loss = F.cross_entropy(logits, target)
        return (loss, {"logits": logits}) if return_outputs else loss

    def _record(self, inputs: dict[str, Any], supervised: Tensor, right: Tensor) -> None:
        sizes = torch.tensor(inputs["lengths"])
        owner = torch.repeat_interleave(torch.arange(len(sizes)), sizes)[supervised + 1]
        wrong = torch.zeros(len(sizes)).index_add_(0, owner, (~right).float().cpu())
        for task, mistakes in zip(inputs["tasks"], wrong.tolist(), strict=True):
            self.curriculum.record(task, mistakes == 0)

    def log(self, logs: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().log(logs | self.curriculum.report() if "loss" in logs else logs, *args, **kwargs)


class KeepCurriculum(TrainerCallback):
    """The curriculum's state goes into every checkpoint."""

    def __init__(self, curriculum: Curriculum) -> None:
        self.curriculum = curriculum

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.curriculum.save(Path(args.output_dir) / f"checkpoint-{state.global_step}")


def finetune(recipe: Recipe) -> Path:
    """Run an "sft" recipe, going on from its last checkpoint; returns the folder of the finished model."""
    model, processor = starting_model(recipe)
    use_packing(model)
    model.model.visual.requires_grad_(not recipe.freeze_vision_tower)
    curriculum = Curriculum(recipe)
    done, checkpoint = steps_done(recipe.output_dir)
    if checkpoint:
        curriculum.load(Path(checkpoint))
    data = TaskBatches(recipe, curriculum, processor, first_batch=done)
    trainer = SFTTrainer(recipe, curriculum, model, train_dataset=data)
    trainer.train(resume_from_checkpoint=checkpoint)
    return finish(trainer, model, processor, recipe)
