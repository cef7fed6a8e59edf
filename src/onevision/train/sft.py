"""Supervised fine-tuning on data sets and on visual tasks drawn on the fly, packed without padding.

The share of samples whose every supervised token is the model's first choice is measured on the very updates that
are learnt from. For tasks none is ever drawn twice, so it is held-out accuracy for free, and it moves the curriculum.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType, gather_object
from torch import Tensor

from onevision import tasks
from onevision.errors import InputError
from onevision.store import write_atomic
from onevision.train.adapt import adapt
from onevision.train.cache import FeatureCache, fill
from onevision.train.callbacks import say
from onevision.train.curriculum import Curriculum
from onevision.train.data import HOPELESS, Corpus, Draws, Share, Update, Updates, blank_row, longest_row
from onevision.train.encode import supervised
from onevision.train.lanes import Lanes, two_lanes
from onevision.train.pack import Scored, use_packing
from onevision.train.recipe import SFTRecipe
from onevision.train.trainer import StreamTrainer, finish, starting_model, steps_done, stream, training_arguments

Result = tuple[int, str, bool]
"""(sample number, its task or "", whether every supervised token was the model's first choice)."""


class SFTTrainer(StreamTrainer):
    """Cross-entropy, averaged over the supervised tokens of the whole update on all processes."""

    def __init__(self, recipe: SFTRecipe, model: Any, updates: Updates, held_out: Updates | None = None) -> None:
        super().__init__(recipe, model, train_dataset=updates, eval_dataset=held_out)
        self.recipe, self.updates, self.held_out = recipe, updates, held_out
        self.rehearsals = 2 if self.args.device.type != "cpu" else 0
        alone = self.args.device.type == "cpu" and self.accelerator.distributed_type == DistributedType.NO
        self.lanes = Lanes(model, alone and two_lanes(recipe))
        whole = model.get_base_model() if recipe.finetuning_type == "lora" else model
        self.weights = [sum(weight.numel() for weight in part.parameters()) for part in (whole.model.language_model, whole.model.visual)]
        self.counts: Counter[str] = Counter()
        self.seen = 0

    def training_step(self, model: Any, inputs: Update, num_items_in_batch: Any = None) -> Tensor:
        """An update's gradients, row by row; returns its loss."""
        self._rehearse(model)
        model.train()
        numbers = sorted(number for row in inputs.rows for number, _ in row["samples"])
        self.learning = f"samples {numbers[0]} to {numbers[-1]}" if numbers else "an update without samples"
        rows, tokens = self._even(inputs.rows)
        self._make_room(model)
        if self.lanes.twin is not None:
            self._make_room(self.lanes.twin)

        def learn(lane: Any, number: int) -> tuple[Tensor, list[Result]]:
            with self.accumulating(lane, last=number == len(rows) - 1):
                with self.autocast_smart_context() if lane is self.lanes.twin else nullcontext():  # the model has its own
                    # Processes average their gradients, and this is already a mean over them all.
                    loss, found = self._row(lane, rows[number], max(1, tokens) / self.accelerator.num_processes)
                self.check_finite(loss)
                self.accelerator.backward(loss)
            return loss.detach(), found

        work = [self._work(row) for row in rows]
        losses, results = zip(*self.lanes.run(model, range(len(rows)), work, learn), strict=True)
        self.accelerator.gradient_state._set_sync_gradients(True)  # whichever row was the last
        self._note(inputs, [result for found in results for result in found])
        return torch.stack(losses).sum()

    def _make_room(self, model: Any) -> None:
        """On a CPU the gradients' memory, side by side before there are activations: made on the way back, they would lie scattered
        between these, and a row a little larger than the last would find no place that is free in one piece."""
        if self.args.device.type == "cpu":
            for weight in model.parameters():
                if weight.requires_grad and weight.grad is None:
                    weight.grad = torch.zeros_like(weight)

    def _work(self, row: dict[str, Any]) -> int:
        """How much a row has to do, about: its tokens and patches times the weights that they meet."""
        return self.weights[0] * len(row["input_ids"]) + self.weights[1] * len(row.get("pixel_values", ()))

    def _row(self, model: Any, row: dict[str, Any], tokens: float) -> tuple[Tensor, list[Result]]:
        """(cross-entropy of a row divided by `tokens`, how its samples came out)."""
        row = self._prepare_inputs(row)
        if "pixel_values" in row:
            row["pixel_values"] = self.updates.processor.normalised(row["pixel_values"])
        place, target = supervised(row["labels"])
        scored: Scored = model(row, place, target, features=row.get("features"))
        return -scored.logprobs.sum() / tokens, _results(row, place, scored.best)

    def _even(self, rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
        """The rows, as many on every process, and the number of supervised tokens on all of them."""
        mine = torch.tensor([[len(rows), sum(_supervised(row) for row in rows), sum(sum(row["lengths"]) for row in rows)]])
        every = self.accelerator.gather(mine.to(self.args.device))
        self.tokens += int(every[:, 2].sum())
        blank = [blank_row(self.updates.kept)] * (max(1, int(every[:, 0].max())) - len(rows))
        return [*rows, *blank], int(every[:, 1].sum())

    def _note(self, update: Update, results: Sequence[Result]) -> None:
        """Move the curriculum on, the same on all processes, and keep account of samples that did not fit."""
        news = [(list(results), update.notes, update.skipped)]
        every = gather_object(news) if self.accelerator.num_processes > 1 else news
        skipped = [one for *_, some in every for one in some]
        found = sorted(result for some, *_ in every for result in some)
        self.counts.update([note for _, notes, _ in every for note in notes] + ["skipped"] * len(skipped))
        self.seen += len(found)
        if skipped and self.args.should_save:
            _append(Path(self.args.output_dir) / "skipped.jsonl", [{"sample": one, "reason": why} for one, why in skipped])
        if not self.seen and self.counts["skipped"] >= HOPELESS:
            raise InputError(f"none of the first {self.counts['skipped']} samples can be used; the last: {skipped[-1][1]}")
        if self.updates.curriculum:
            self.updates.curriculum.advance((name, right) for _, name, right in found if name)

    def _rehearse(self, model: Any) -> None:
        """The longest row there can be, before the first update and (with the optimizer's state in memory) before the
        second, so that memory fails now and not in the third hour. It leaves nothing behind."""
        if not self.rehearsals:
            return
        self.rehearsals -= 1
        row = longest_row(self.recipe, self.updates.processor)
        with torch.random.fork_rng(), self.accumulating(model, last=False):
            try:
                loss, _ = self._row(model, row, 1.0)
                self.accelerator.backward(loss)
            except torch.OutOfMemoryError as error:
                raise InputError(
                    f"a row of {sum(row['lengths'])} tokens does not fit into the device's memory: lower pack_tokens, cutoff_len or "
                    f"image_resolution, set gradient_checkpointing: true, or shard with fsdp or deepspeed ({str(error).splitlines()[0]})"
                ) from None
        model.zero_grad()

    def log(self, logs: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Adds where the tasks stand, and how many samples did not fit so far."""
        if "loss" in logs:
            logs = logs | (self.updates.curriculum.report() if self.updates.curriculum else {}) | dict(self.counts)
        super().log(logs, *args, **kwargs)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Loss a token, and the share of samples wholly right, on what was held out."""
        self.model_wrapped.eval()
        sums = torch.zeros(4, dtype=torch.float64, device=self.args.device)
        learnt = self.tokens
        for update in stream(self.held_out, self.args.dataloader_num_workers):
            for row in self._even(update.rows)[0]:
                with torch.no_grad():
                    loss, results = self._row(self.model_wrapped, row, 1.0)
                right = sum(result[2] for result in results)
                sums += torch.tensor([float(loss), _supervised(row), right, len(results)], dtype=torch.float64, device=sums.device)
        self.tokens = learnt
        whole: list[float] = self.accelerator.reduce(sums).tolist()
        metrics = {"eval_loss": whole[0] / max(1, whole[1]), "eval_right": whole[2] / max(1, whole[3]), "eval_samples": whole[3]}
        self.log(metrics)
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def keep(self, folder: Path) -> None:
        """The curriculum, the account of samples that did not fit, and the processor, so that a checkpoint loads as a model."""
        self.updates.processor.save_pretrained(folder)
        if self.updates.curriculum:
            self.updates.curriculum.save(folder)
        write_atomic(folder / "counts.json", json.dumps(self.counts))


def _supervised(row: dict[str, Any]) -> int:
    return len(supervised(row["labels"])[0])


def _results(row: dict[str, Any], place: Tensor, best: Tensor) -> list[Result]:
    sizes = torch.tensor(row["lengths"])
    owner = torch.repeat_interleave(torch.arange(len(sizes)), sizes)[place.cpu() + 1]
    wrong = torch.zeros(len(sizes)).index_add_(0, owner, (~best).float().cpu())
    return [(number, name, mistakes == 0) for (number, name), mistakes in zip(row["samples"], wrong.tolist(), strict=True) if number >= 0]


def _append(path: Path, lines: Iterable[dict[str, str]]) -> None:
    try:
        with path.open("a") as out:
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    except OSError as error:
        say(f"{path} not written: {error.strerror}")


def finetune(recipe: SFTRecipe) -> Path:
    """Run an "sft" recipe, going on from its last checkpoint; returns the folder of the finished model.

    Raises InputError for data that are not there and for settings that cannot go together.
    """
    arguments = training_arguments(recipe)
    for name in recipe.tasks:
        tasks.make(name, levels=tuple(recipe.levels))
    corpus = Corpus(recipe)
    share = Share(recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps, arguments.process_index, arguments.world_size)
    recipe, end = _planned(recipe, corpus, share.size * share.processes)
    model, processor = starting_model(recipe)
    use_packing(model, recipe.flash_attn)
    model = adapt(model, recipe)
    kept = _features(recipe, model, processor, corpus, arguments)
    done, checkpoint = steps_done(recipe.output_dir)
    curriculum = Curriculum(recipe, done) if recipe.tasks else None
    if checkpoint and curriculum:
        curriculum.load(Path(checkpoint))
    updates = Updates(Draws(recipe, corpus), processor, share, done, end, curriculum, kept)
    held = len(corpus.held) or int(recipe.val_size)
    held_out = Updates(Draws(recipe, corpus, held_out=True), processor, share, end=held, kept=kept) if held else None
    trainer = SFTTrainer(recipe, model, updates, held_out)
    if checkpoint and (counts := Path(checkpoint) / "counts.json").exists():
        trainer.counts.update(json.loads(counts.read_text()))
    trainer.run(done, checkpoint)
    if trainer.counts and arguments.should_save:
        say("samples that did not fit: " + ", ".join(f"{count} {what}" for what, count in trainer.counts.items()) + " (skipped.jsonl)")
    return finish(trainer, model, processor, recipe)


def _planned(recipe: SFTRecipe, corpus: Corpus, update: int) -> tuple[SFTRecipe, int | None]:
    """The recipe with its number of steps, and the sample number at which the data end (None: never)."""
    if not recipe.tasks and not len(corpus):
        raise InputError("nothing to learn from: give dataset or tasks")
    if recipe.tasks and 0 < recipe.val_size < 1:
        raise InputError(f"val_size is {recipe.val_size}, a share of the data; tasks have no end: give a number of samples")
    if recipe.max_steps > 0:
        return recipe, None
    if recipe.tasks:
        raise InputError("tasks have no end: give max_steps")
    end = math.ceil(len(corpus) * recipe.num_train_epochs)
    return replace(recipe, max_steps=math.ceil(end / update)), end


def _features(recipe: SFTRecipe, model: Any, processor: Any, corpus: Corpus, arguments: Any) -> FeatureCache | None:
    """The cache, filled, where the recipe names a folder for it."""
    if recipe.feature_cache is None or not len(corpus):
        return None
    if not (recipe.freeze_vision_tower and recipe.freeze_multi_modal_projector):
        raise InputError(
            "feature_cache needs freeze_vision_tower and freeze_multi_modal_projector: a tower that learns sees anew each time"
        )
    if recipe.deepspeed or (recipe.fsdp and recipe.tasks):
        raise InputError("feature_cache goes neither with deepspeed nor, beside tasks, with fsdp: all processes must run the same parts")
    tower = (model.get_base_model() if recipe.finetuning_type == "lora" else model).model.visual.to(arguments.device)
    cache = FeatureCache(Path(recipe.feature_cache), tower, processor, torch.bfloat16 if recipe.bf16 else torch.float32)
    fill(cache, recipe, corpus, tower, processor, arguments.process_index, arguments.world_size)
    PartialState().wait_for_everyone()
    cache.find()
    return cache
