"""What the stages share on top of transformers' Trainer: its arguments, checkpoints that are whole or not there, resuming."""

import ctypes
import errno
import json
import math
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from torch import Tensor, nn
from transformers import PreTrainedModel, PrinterCallback, ProgressCallback, Trainer, TrainingArguments, set_seed
from transformers.integrations import get_reporting_integration_callbacks
from transformers.trainer_utils import get_last_checkpoint, rotate_checkpoints
from transformers.training_args import ParallelMode

from onevision.errors import InputError, MissingPartError, OneVisionError
from onevision.report.curves import plot_losses
from onevision.train.callbacks import Guard, LossCurve, Progress, Trim, say
from onevision.train.optim import MuonAdamW
from onevision.train.recipe import Recipe

SAVING = "saving"
"""Where a checkpoint is written, inside the output folder, until it is whole."""


def training_arguments(recipe: Recipe, evaluates: bool = False) -> TrainingArguments:
    """transformers' arguments for a recipe. Its data come as whole updates from a stream, so transformers is told of one
    batch of one. evaluates: whether samples are held out. Raises InputError and MissingPartError for what transformers does not
    know, cannot go together or is not installed."""
    _check_sharding(recipe)
    fsdp = (recipe.fsdp or "").split()
    arguments = _accepted(
        output_dir=recipe.output_dir,
        run_name=recipe.run_name,
        max_steps=recipe.max_steps,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.lr_scheduler_type,
        lr_scheduler_kwargs=recipe.lr_scheduler_kwargs,
        warmup_steps=recipe.warmup_steps or math.ceil(recipe.warmup_ratio * max(0, recipe.max_steps)),
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_grad_norm,
        optim="adamw_torch" if recipe.optim == "muon" else recipe.optim,
        bf16=recipe.bf16,
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=recipe.gradient_checkpointing,
        deepspeed=recipe.deepspeed,
        fsdp=bool(fsdp) or None,
        fsdp_config={"version": 2, "reshard_after_forward": "shard_grad_op" not in fsdp, "cpu_offload": "offload" in fsdp}
        if fsdp
        else None,
        ddp_timeout=recipe.ddp_timeout,
        seed=recipe.seed,
        save_steps=recipe.save_steps,
        save_total_limit=recipe.save_total_limit,
        save_only_model=recipe.save_only_model,
        logging_steps=recipe.logging_steps,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=recipe.eval_steps or recipe.save_steps,
        report_to=recipe.report_to,
        dataloader_num_workers=recipe.dataloader_num_workers,
        remove_unused_columns=False,
        # The stream is told where to go on (see `steps_done`): replaying it would draw every picture again.
        ignore_data_skip=True,
    )
    if fsdp and arguments.parallel_mode is not ParallelMode.DISTRIBUTED:
        raise InputError("fsdp divides a model among processes: start them with torchrun, or leave fsdp out")
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several GPUs are torchrun's; without it transformers would split rows
    return arguments


def _accepted(**options: Any) -> TrainingArguments:
    try:
        arguments = TrainingArguments(**options)
        get_reporting_integration_callbacks(arguments.report_to)
    except ValueError as error:
        raise InputError(" ".join(str(error).split())) from None
    return arguments


def _check_sharding(recipe: Recipe) -> None:
    if recipe.optim == "muon" and (recipe.deepspeed or recipe.fsdp):
        raise InputError("optim: muon needs every matrix whole on each process; with deepspeed or fsdp use adamw_torch")
    if recipe.fsdp and not torch.cuda.is_available():
        raise InputError("fsdp needs CUDA devices: on a CPU accelerate would quietly run plain DDP in its place; leave fsdp out")
    if recipe.deepspeed and not Path(recipe.deepspeed).is_file():
        raise InputError(f"deepspeed: {recipe.deepspeed} is not there; give DeepSpeed's JSON file, such as recipes/deepspeed-zero3.json")
    if recipe.deepspeed and find_spec("deepspeed") is None:
        raise MissingPartError("deepspeed is not installed: pip install deepspeed")


def steps_done(output_dir: str) -> tuple[int, str | None]:
    """How many optimizer steps the last checkpoint in a folder holds, and its path: (0, None) where there is none."""
    last = get_last_checkpoint(output_dir) if Path(output_dir).is_dir() else None
    if not last:
        return 0, None
    return int(json.loads((Path(last) / "trainer_state.json").read_text())["global_step"]), last


class StreamTrainer(Trainer):
    """Trainer over a dataset that yields an optimizer update at a time; a subclass's `training_step` learns from it."""

    def __init__(self, recipe: Recipe, model: nn.Module, **kwargs: Any) -> None:
        optimizer = MuonAdamW(model, recipe.learning_rate, recipe.weight_decay) if recipe.optim == "muon" else None
        arguments = training_arguments(recipe, evaluates=kwargs.get("eval_dataset") is not None)
        super().__init__(model=model, args=arguments, optimizers=(optimizer, None), **kwargs)
        self.learning = "this update"
        self.tokens = 0
        for printer in (ProgressCallback, PrinterCallback):
            self.remove_callback(printer)
        for callback in (LossCurve(recipe.plot_loss), Progress(lambda: self.tokens), Trim(), Guard(lambda: self.learning)):
            self.add_callback(callback)

    def run(self, done: int, checkpoint: str | None) -> None:
        """Train from a checkpoint on (see `steps_done`); one that holds the last step is only loaded.

        Raises InputError for a checkpoint that holds weights only: the run that went on from it would be another one.
        """
        if done < self.args.max_steps:
            # Every process keeps its random states beside the optimizer, in whatever form DeepSpeed or FSDP writes that.
            if checkpoint and not any(Path(checkpoint).glob("rng_state*.pth")):
                raise InputError(f"{checkpoint} holds weights only: set model_name_or_path to it, or start a new output_dir")
            # Softmax tails and young moments are full of denormals, which a CPU multiplies many times slower.
            torch.set_flush_denormal(True)
            try:
                self.train(resume_from_checkpoint=checkpoint)
            finally:
                torch.set_flush_denormal(False)
        elif checkpoint:
            self._load_from_checkpoint(checkpoint)

    @contextmanager
    def accumulating(self, model: nn.Module, last: bool) -> Iterator[None]:
        """One of an update's rows: processes exchange gradients, and DeepSpeed steps, at the last alone."""
        self.accelerator.gradient_state._set_sync_gradients(last)
        alone = last or self.accelerator.distributed_type == DistributedType.DEEPSPEED
        with nullcontext() if alone else self.accelerator.no_sync(model):
            yield

    def autocast_smart_context(self) -> AbstractContextManager[Any]:
        """The precision that the model's own forward runs in, for what goes round it."""
        return self.accelerator.autocast()  # type: ignore[no-any-return]

    def check_finite(self, loss: Tensor) -> None:
        """Name what gave a loss that is no number; `Guard` then drops the update on all processes."""
        if not torch.isfinite(loss):
            say(f"step {self.state.global_step + 1}: the loss of {self.learning} is {float(loss.detach())}")

    def keep(self, folder: Path) -> None:
        """Write into a checkpoint what else a subclass must find there to go on."""

    def get_batch_samples(self, epoch_iterator: Iterator[Any], num_batches: int, device: Any) -> tuple[list[Any], None]:
        """The next update; `training_step` itself knows how many tokens it has."""
        return list(islice(epoch_iterator, num_batches)), None

    def floating_point_ops(self, inputs: Any) -> int:
        """Not estimated: transformers would count padded batches."""
        return 0

    def get_train_dataloader(self) -> torch.utils.data.DataLoader[Any]:
        """The stream itself, drawn from by workers."""
        return stream(self.train_dataset, self.args.dataloader_num_workers)

    def _get_output_dir(self, trial: Any) -> str:
        return str(Path(self.args.output_dir) / SAVING)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        # Written aside and then renamed: a run that is killed at any moment finds whole checkpoints only.
        output = Path(self.args.output_dir)
        name = f"checkpoint-{self.state.global_step}"
        full = torch.zeros(1, device=self.args.device)
        try:
            super()._save_checkpoint(model, trial)
            if self.args.should_save:
                self.keep(output / SAVING / name)
        except Exception as error:
            if not _disk_full(error, output):
                raise
            full += 1
        full = self.accelerator.gather(full)
        if self.args.should_save:
            if not full.any():
                shutil.rmtree(output / name, ignore_errors=True)
                (output / SAVING / name).rename(output / name)
                rotate_checkpoints(str(output), self.args.save_total_limit)
            else:
                say(f"{name} not saved, the disk is full; the last one is {steps_done(str(output))[1]}, and training goes on")
            shutil.rmtree(output / SAVING, ignore_errors=True)
        self.accelerator.wait_for_everyone()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        # A checkpoint of a transformers model has the hub's weight names, which plain load_state_dict does not know
        # and, not being strict, passes over in silence.
        target = model or self.model
        if not isinstance(target, PreTrainedModel) or hasattr(target, "set_requires_gradient_sync"):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        saved = type(target).from_pretrained(resume_from_checkpoint, dtype=torch.float32)
        target.load_state_dict(saved.state_dict())


def stream(dataset: Any, workers: int) -> torch.utils.data.DataLoader[Any]:
    """A loader of whole updates; workers take turns and stay a few updates ahead."""
    options: dict[str, Any] = {"num_workers": workers, "prefetch_factor": max(1, 8 // workers)} if workers else {}
    if workers and sys.platform == "linux":
        options["multiprocessing_context"] = "fork"  # at once, and with everything that is loaded already
        options["worker_init_fn"] = _end_with_parent
    # Its own generator: the global one must stand, when a run goes on, where it stood when it stopped.
    return torch.utils.data.DataLoader(dataset, batch_size=None, generator=torch.Generator(), **options)


def _end_with_parent(worker: int) -> None:
    """Have Linux kill this worker once the run that it draws for is gone. By itself a worker sees that too, but then waits without end
    for somebody to read what it has drawn."""
    parent_death_signal = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)


def _disk_full(error: BaseException, folder: Path) -> bool:
    """Whether a write failed for want of room: torch and safetensors say so in their own ways."""
    return (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)) or shutil.disk_usage(folder).free < 2**24


def starting_model(recipe: Recipe) -> tuple[Any, Any]:
    """(model, processor) that the recipe starts from; "new-nano" is made in the output folder first.

    Weights that learn are float32; those that do not, or of which DeepSpeed keeps its own float32, are bf16 where the
    recipe says bf16.
    """
    from onevision.models.load import load_model

    arguments = training_arguments(recipe)  # DeepSpeed must know of its stage before weights are read
    set_seed(recipe.seed)  # what a stage adds to the model starts at random
    half = recipe.bf16 and (recipe.finetuning_type == "lora" or arguments.deepspeed is not None)
    with PartialState().main_process_first():
        folder = recipe.model_name_or_path
        if folder == "new-nano":
            folder = _untrained(Path(recipe.output_dir) / "untrained", recipe.seed)
        return load_model(folder, device="cpu", dtype="bfloat16" if half else "float32")


def _untrained(folder: Path, seed: int) -> str:
    from onevision.models.nano import new_nano
    from onevision.train.corpus import task_texts

    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        new_nano(part, task_texts(), seed)
        part.rename(folder)
    return str(folder)


def finish(trainer: Trainer, model: Any, processor: Any, recipe: Recipe) -> Path:
    """Save a finished model as a normal folder, bf16 safetensors, in the output folder itself; a LoRA adapter as peft does.

    Raises OneVisionError where the disk is full: the last checkpoint stands, and the same line again writes the model.
    """
    folder = Path(recipe.output_dir)
    weights = _weights(trainer, model)
    if trainer.args.should_save:
        part = folder / SAVING
        try:
            model.save_pretrained(part, state_dict=weights)
            processor.save_pretrained(part)
            for file in part.iterdir():
                file.replace(folder / file.name)
            shutil.rmtree(part)
            if recipe.plot_loss:
                plot_losses(folder)
        except Exception as error:
            if not _disk_full(error, folder):
                raise
            raise OneVisionError(
                f"{folder}: the disk is full; the last checkpoint is whole: make room and run the same line again"
            ) from None
    trainer.accelerator.wait_for_everyone()
    return folder


def _weights(trainer: Trainer, model: Any) -> dict[str, Tensor]:
    """All weights, gathered where they are sharded, as bf16; a copy, for the trainer's own stay as they are."""
    sharded = trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled
    whole = trainer.accelerator.get_state_dict(trainer.model_wrapped) if sharded else model.state_dict()
    weights = {name: weight.to(torch.bfloat16) for name, weight in whole.items()}
    if isinstance(model, PreTrainedModel):
        model.config.dtype = torch.bfloat16
        if model.config.tie_word_embeddings:
            weights.pop("lm_head.weight", None)  # it is the embedding; as a second copy it would be saved twice
    return weights
