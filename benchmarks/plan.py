"""`onevision plan`'s memory against measured peaks, and its time against the paper's.

    python benchmarks/plan.py            # real training steps on this CPU: predicted and measured peak growth
    python benchmarks/plan.py --paper    # what R1-Onevision's published hours imply

A case trains a model for two updates on one packed row of task samples in a process of its own. Measured is the peak
resident set (VmHWM) less what was there before the model was built, after a warm-up that loads the libraries' code.
"""

import argparse
import ctypes
import multiprocessing
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2_5_VLForConditionalGeneration

from onevision import tasks
from onevision.models.load import load_processor, nano_folder
from onevision.train.encode import collate, encode, supervised
from onevision.train.lanes import Lanes, two_lanes
from onevision.train.optim import MuonAdamW
from onevision.train.pack import use_packing
from onevision.train.plan.architecture import count, find_config
from onevision.train.plan.data import Stated
from onevision.train.plan.memory import Row, Sharding, memory
from onevision.train.plan.plan import Plan, Setting, make_plan
from onevision.train.plan.work import DEVICES
from onevision.train.recipe import GRPORecipe, SFTRecipe

MIB = 2**20
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
ROOT = Path(__file__).parents[1]
WIDER = {
    "text_config": {
        "hidden_size": 768,
        "intermediate_size": 2048,
        "num_hidden_layers": 8,
        "num_attention_heads": 12,
        "num_key_value_heads": 4,
    },
    "vision_config": {
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_heads": 8,
        "depth": 8,
        "fullatt_block_indexes": [3, 7],
        "out_hidden_size": 768,
    },
}
"""What makes a Qwen2.5-VL of 82 M parameters out of nano's configuration."""

BASE = SFTRecipe(stage="sft", output_dir="unused", freeze_vision_tower=False, freeze_multi_modal_projector=False, dataloader_num_workers=0)
CASES: dict[str, tuple[str, SFTRecipe, int]] = {
    "nano, AdamW": ("nano", BASE, 8),
    "nano, AdamW, longer row": ("nano", BASE, 24),
    "nano, Muon, bf16": ("nano", replace(BASE, optim="muon", bf16=True), 24),
    "nano, frozen tower": ("nano", replace(BASE, freeze_vision_tower=True, freeze_multi_modal_projector=True), 24),
    "nano, checkpointing": ("nano", replace(BASE, gradient_checkpointing=True), 24),
    "82 M, AdamW": ("82 M", BASE, 4),
    "82 M, AdamW, longer row": ("82 M", BASE, 12),
    "82 M, checkpointing": ("82 M", replace(BASE, gradient_checkpointing=True), 12),
}
"""Name -> (model, recipe, samples in the row)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paper", action="store_true")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--exact", action="store_true", help="have glibc give freed memory back at once, so that the peak has no holes")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.paper:
        paper()
        return
    if args.exact:
        for option in (MMAP_THRESHOLD, TRIM_THRESHOLD):
            ctypes.CDLL("libc.so.6").mallopt(option, 65536)
    processor = load_processor(nano_folder())
    samples = [encode(tasks.make(name, size=(168, 224), levels=(2,)).sample(0), processor) for name in tasks.names()]
    train("nano", BASE, samples[:1])
    print(f"{'case':<28}{'tokens':>7}{'predicted':>11}{'measured':>10} MiB{'error':>8}")
    for name, (model, recipe, number) in CASES.items():
        if args.only in name:
            chosen = (samples * number)[:number]
            predicted, measured = predict(model, recipe, chosen), in_a_process(model, recipe, chosen)
            tokens = sum(len(s.input_ids) for s in chosen)
            print(f"{name:<28}{tokens:7d}{predicted / MIB:11.0f}{measured / MIB:10.0f}    {predicted / measured - 1:+8.0%}", flush=True)


def config_of(model: str) -> Any:
    config = find_config("nano", ROOT)
    if model != "nano":
        for part, values in WIDER.items():
            for key, value in values.items():
                setattr(getattr(config, part), key, value)
        config.text_config.layer_types = ["full_attention"] * config.text_config.num_hidden_layers
        config.text_config.rope_parameters["mrope_section"] = [8, 12, 12]
    return config


def predict(model: str, recipe: SFTRecipe, samples: list[Any]) -> int:
    lengths = [len(s.input_ids) for s in samples]
    pictures = [int(s.grid.prod(1).sum()) // 4 for s in samples]
    row = Row(sum(lengths), sum(pictures), max(lengths), max(pictures))
    return memory(count(config_of(model)), recipe, Sharding(), 1, row, flash=False).total


def in_a_process(model: str, recipe: SFTRecipe, samples: list[Any]) -> int:
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=lambda: send.send(train(model, recipe, samples)))
    process.start()
    process.join()
    return int(receive.recv())


def train(model: str, recipe: SFTRecipe, samples: list[Any]) -> int:
    """Bytes the peak grew by."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    network = Qwen2_5_VLForConditionalGeneration(config_of(model)).train()
    use_packing(network)
    if recipe.gradient_checkpointing:
        network.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    network.model.visual.requires_grad_(not recipe.freeze_vision_tower)
    adamw = torch.optim.AdamW([w for w in network.parameters() if w.requires_grad])
    optimizer = MuonAdamW(network, 1e-3) if recipe.optim == "muon" else adamw
    torch.set_num_threads(2 if two_lanes(recipe) else 1)
    lanes = Lanes(network, two_lanes(recipe))

    def learn(model: Any, batch: dict[str, Any]) -> None:
        places, targets = supervised(batch["labels"])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.bf16):
            loss = -model(batch, places, targets).logprobs.mean()
        loss.backward()

    for _ in range(2):
        lanes.run(network, [collate(samples) for _ in range(2 if lanes.twin else 1)], [1.0, 1.0], learn)
        optimizer.step()
        optimizer.zero_grad()
    return resident("VmHWM") - before


def resident(key: str) -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{key}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def paper() -> None:
    """The hours of arXiv:2503.10615 for 7B on 8 A800, and the share of the peak they imply for assumed lengths."""
    for stage, hours, lengths in (("sft", 14, (600, 1358, 2500)), ("grpo", 16, (256, 512, 1024))):
        for length in lengths:
            plan = published(stage, length)
            implied = plan.learn_seconds * plan.mfu / (hours * 3600 - plan.rollout_seconds)
            each = f"{plan.samples} {'prompts, 8 answers of' if stage == 'grpo' else 'samples of'} {length} tokens"
            planned = f"{plan.seconds / 3600:.1f} h at {plan.mfu:.0%}, rollouts at least {plan.rollout_seconds / 3600:.1f} of them"
            print(f"{stage}: {each}: {plan.flops:.2e} FLOPs, {planned}; the published {hours} h imply {implied:.1%}")


def published(stage: str, length: int) -> Plan:
    """As published: ZeRO-3, full fine-tuning with the tower learning, RL over prompts of which 10 000 are assumed (their
    number is not stated), each decoded to twice the mean length. LLaMA-Factory recomputes layers where not told otherwise."""
    common = {"model_name_or_path": "Qwen/Qwen2.5-VL-7B-Instruct", "output_dir": "unused", "deepspeed": "zero3", "bf16": True}
    if stage == "sft":
        free = {"freeze_vision_tower": False, "freeze_multi_modal_projector": False, "gradient_checkpointing": True}
        sft = SFTRecipe(stage=stage, dataset=["r1-onevision"], cutoff_len=8192, gradient_accumulation_steps=16, **common, **free)
        return make_plan(sft, ROOT, Setting(DEVICES["a800"], 8, stated=Stated(sample_tokens=length)))
    grpo = GRPORecipe(stage=stage, dataset=["rl"], max_completion_length=2 * length, beta=0.04, gradient_accumulation_steps=2, **common)
    return make_plan(grpo, ROOT, Setting(DEVICES["a800"], 8, stated=Stated(10_000, completion_tokens=length)))


if __name__ == "__main__":
    main()
