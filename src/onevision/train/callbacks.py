"""What watches a run: the loss curve, the progress bar, its memory, and a guard against gradients that are no numbers."""

import ctypes
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import TrainerCallback

from onevision.errors import OneVisionError
from onevision.report.curves import plot_losses
from onevision.store import write_atomic

PATIENCE = 5
"""Updates in a row that may be dropped before a run is given up."""


class LossCurve(TrainerCallback):
    """Keeps losses.jsonl beside the checkpoints, and draws loss.png from it whenever one is saved."""

    def __init__(self, plot: bool = True) -> None:
        self.plot = plot

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take back what a killed run logged after its last checkpoint; its last line may be half a line."""
        path = Path(args.output_dir) / "losses.jsonl"
        if state.is_world_process_zero and path.exists():
            lines = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("}\n")]
            write_atomic(path, "".join(line for line in lines if json.loads(line)["step"] <= state.global_step))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if logs and state.is_world_process_zero and logs.keys() & {"loss", "eval_loss"}:
            try:
                # transformers counts epochs from where a run went on.
                line = {"step": state.global_step, **{name: value for name, value in logs.items() if name != "epoch"}}
                with (Path(args.output_dir) / "losses.jsonl").open("a") as out:
                    out.write(json.dumps(line) + "\n")
            except OSError as error:
                say(f"losses.jsonl not written: {error.strerror}")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.plot and state.is_world_process_zero:
            try:
                plot_losses(Path(args.output_dir))
            except OSError as error:
                say(f"loss.png not drawn: {error.strerror}")


class Progress(TrainerCallback):
    """A bar with loss, tokens a second and the time left; where nobody watches, a line at every log."""

    def __init__(self, tokens: Callable[[], int]) -> None:
        self.tokens = tokens
        self.bar: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.first, self.start, self.before = state.global_step, time.monotonic(), self.tokens()
        if state.is_world_process_zero and sys.stderr.isatty():
            self.bar = tqdm(total=state.max_steps, initial=state.global_step, unit="step", dynamic_ncols=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.bar:
            self.bar.update()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if not logs or not state.is_world_process_zero or not logs.keys() & {"loss", "eval_loss"}:
            return
        took = time.monotonic() - self.start
        counted = self.tokens() - self.before
        shown = " ".join(f"{name} {float(value):.4g}" for name, value in logs.items() if name.removeprefix("eval_") in ("loss", "right"))
        shown += f" {counted / took:.0f} tokens/s" if counted else ""  # the stage `see` has none
        if self.bar:
            self.bar.set_postfix_str(shown)
        elif state.global_step > self.first:
            left = took / (state.global_step - self.first) * (state.max_steps - state.global_step)
            say(f"step {state.global_step}/{state.max_steps} {shown}, {_clock(left)} left")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.bar:
            self.bar.close()


class Trim(TrainerCallback):
    """Gives the heap's free pages back to the system now and then.

    Rows are of ever new lengths, and glibc's malloc keeps the holes that they leave: a run on a CPU grows by 13 to 30 MB
    a step without this. Other allocators and systems have no malloc_trim and need none.
    """

    def __init__(self, every: int = 5) -> None:
        self.every = every
        self.trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.trim and state.global_step % self.every == 0:
            self.trim(0)


class Guard(TrainerCallback):
    """Drops an update whose gradients are not finite, on all processes alike, so that the weights stay what they were.

    learning: what the update is learnt from, in words.
    """

    def __init__(self, learning: Callable[[], str]) -> None:
        self.learning, self.dropped = learning, 0

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in model.parameters() if weight.grad is not None])
        if math.isfinite(float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)):
            self.dropped = 0
            return
        model.zero_grad()
        self.dropped += 1
        if state.is_world_process_zero:
            say(f"step {state.global_step + 1}: the gradient of {self.learning()} is not a finite number; this update is dropped")
        if self.dropped >= PATIENCE:
            raise OneVisionError(
                f"{PATIENCE} updates in a row up to step {state.global_step + 1} had no finite gradient; the weights are those before "
                "them and the last checkpoint is whole: lower learning_rate, or look at the samples named above"
            )


def say(message: str) -> None:
    """A line on stderr, above a progress bar where there is one."""
    tqdm.write(f"onevision: {message}", file=sys.stderr)


def _clock(seconds: float) -> str:
    minutes, hours = int(seconds / 60) % 60, int(seconds / 3600)
    return f"{hours}:{minutes:02d}:{int(seconds) % 60:02d}"
