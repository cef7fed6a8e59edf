"""What every peer's run measures: a callback for the Hugging Face Trainer, on which all of them are built.

A step is measured from the end of the step before it, so preparing the batch counts. The counts are of calls into the
model's own modules. README.md describes the JSON.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

ON_GPU = torch.cuda.is_available()

COUNTS = ("vision_calls", "picture_encodes", "patches_encoded", "prompt_positions", "text_positions", "lm_head_rows", "tokens", "positions")

ALIKE: dict[str, Any] = {
    "optim": "adamw_torch",
    "weight_decay": 0.0,
    "lr_scheduler_type": "constant",
    "max_grad_norm": 1.0,
    "use_cpu": not ON_GPU,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
}
"""AdamW, one process, nothing recomputed: what is fastest for a small model."""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """What all peers take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Qwen2.5-VL folder")
    parser.add_argument("--data", type=Path, required=True, help="train.jsonl of make_data.py")
    parser.add_argument("--steps", type=int, default=5, help="optimiser steps; the first is reported apart")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--lr", type=float, default=1e-6)
    parser.add_argument("--freeze-vision", action="store_true", help="train the language model alone")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the samples")
    parser.add_argument("--bf16", action="store_true", default=ON_GPU, help="bfloat16 over float32 weights; on a GPU always, else float32")
    parser.add_argument("--save", type=Path, help="a folder for the model at the end")
    return parser


class Meter(TrainerCallback):  # type: ignore[misc]
    """Counts and times a run of a Trainer, and writes the JSON when it ends.

    completion_tokens: fixed length of GRPO's completions, which tells prompt from completion in a scoring pass; None for SFT.
    """

    def __init__(self, peer: str, out: Path, settings: dict[str, Any], completion_tokens: int | None = None) -> None:
        self.peer, self.out, self.settings = peer, out, settings
        self.completion_tokens = completion_tokens
        self.counts = dict.fromkeys(COUNTS, 0)
        self.seconds: list[float] = []
        self.tokens: list[int] = []
        self.last = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        model.model.visual.register_forward_pre_hook(self._saw_vision, with_kwargs=True)
        model.model.language_model.register_forward_pre_hook(self._saw_text, with_kwargs=True)
        model.register_forward_pre_hook(self._saw_batch, with_kwargs=True)
        model.lm_head.register_forward_pre_hook(lambda module, given: self.count_head_rows(given[0]))
        self.last = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if ON_GPU:
            torch.cuda.synchronize()
        now = time.perf_counter()
        self.seconds.append(now - self.last)
        self.tokens.append(self.counts["tokens"])
        self.last = now

    def on_train_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        if self.settings["save"]:
            model.save_pretrained(self.settings["save"])
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text(json.dumps(self._report(losses), indent=2) + "\n", encoding="utf-8")
        print(self.out.read_text(encoding="utf-8"))

    def count_head_rows(self, hidden: torch.Tensor) -> None:
        """hidden: (..., hidden_size), what goes through the output head."""
        self.counts["lm_head_rows"] += hidden.numel() // hidden.shape[-1]

    def _saw_vision(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        grid = named["grid_thw"] if "grid_thw" in named else given[1]
        self.counts["vision_calls"] += 1
        self.counts["picture_encodes"] += len(grid)
        self.counts["patches_encoded"] += int(grid.prod(-1).sum())

    def _saw_text(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        rows, length = named["inputs_embeds"].shape[:2]
        self.counts["text_positions"] += rows * length
        if self.completion_tokens is not None and length > 1:
            scored = 0 if named.get("past_key_values") is not None else self.completion_tokens
            self.counts["prompt_positions"] += rows * (length - scored)

    def _saw_batch(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Training batches only: how much of what runs is padding."""
        if not torch.is_grad_enabled():
            return
        mask = named.get("attention_mask")
        self.counts["positions"] += named["input_ids"].numel()
        self.counts["tokens"] += named["input_ids"].numel() if mask is None else _real(mask)

    def _report(self, losses: list[float]) -> dict[str, Any]:
        steps = len(self.seconds)
        return {
            "peer": self.peer,
            "settings": self.settings,
            "steps": steps,
            "seconds_first_step": self.seconds[0],
            "seconds_per_step": statistics.median(self.seconds[1:]) if steps > 1 else None,
            "seconds": self.seconds,
            "tokens_per_second": (self.tokens[-1] - self.tokens[0]) / sum(self.seconds[1:]) if steps > 1 else None,
            "per_step": {name: count / steps for name, count in self.counts.items()},
            "losses": losses,
            "final_loss": losses[-1] if losses else None,
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "device": torch.cuda.get_device_name() if ON_GPU else "cpu",
            "peak_device_mib": torch.cuda.max_memory_allocated() / 2**20 if ON_GPU else None,
            "threads": torch.get_num_threads(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in ("torch", "transformers", "accelerate")},
        }


def _real(mask: torch.Tensor) -> int:
    """Real tokens of a (rows, length) mask, or of LLaMA-Factory's (rows, 1, length, length) bias for packed rows."""
    seen = mask if mask.dim() == 2 else mask[:, 0].diagonal(dim1=-2, dim2=-1) == 0
    return int((seen != 0).sum())


def freeze_vision(model: Any) -> None:
    """The vision tower and its merger are not trained."""
    model.model.visual.requires_grad_(False)


def read(path: Path) -> list[dict[str, Any]]:
    """The samples: messages with <image> marks, images as absolute paths."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row | {"images": [str(path.parent.resolve() / image) for image in row["images"]]} for row in rows]
