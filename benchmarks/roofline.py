"""How near our SFT step comes to the machine's limit: its FLOPs a second beside those of plain matrix products in the same run.

    python benchmarks/peers/make_data.py --out runs/peers
    python benchmarks/roofline.py --model runs/peers/model --data runs/peers/train.jsonl

What is left to gain on any side, ours or a peer's, that makes the same products is the rest up to 100 %. FLOPs are counted by PyTorch
(torch.utils.flop_counter) as products and attention of the forward and the backward pass, causal attention as if it were whole; drawing
and opening pictures is not in the time.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from ours_sft import sft_recipe
from torch.utils.flop_counter import FlopCounterMode

from onevision.models.products import linear
from onevision.train.data import Corpus, Draws, Share, Updates
from onevision.train.encode import supervised
from onevision.train.pack import use_packing
from onevision.train.trainer import starting_model

SHAPES = ((600, 256, 768), (1500, 192, 576), (2048, 384, 1024), (4096, 1024, 1024))
"""Rows, inputs and outputs: a layer of nano's text tower, one of its picture tower, and two that suit a processor better."""


def attention(query: Sequence[int], key: Sequence[int], *_: Any, **__: Any) -> int:
    """FLOPs of two products, from shapes (batch, heads, length, dim)."""
    return 4 * query[0] * query[1] * query[2] * key[2] * query[3]


def attention_backward(_: Sequence[int], query: Sequence[int], key: Sequence[int], *__: Any, **___: Any) -> int:
    """Of five: the scores are made again, and four gradients."""
    return 5 * attention(query, key) // 2


def by_onednn(rows: Sequence[int], weight: Sequence[int], *_: Any, **__: Any) -> int:
    """Of a product (..., inner) by (columns, inner)."""
    return 2 * math.prod(rows) * weight[0]


UNCOUNTED = {
    torch.ops.mkldnn._linear_pointwise: by_onednn,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward,
}
"""PyTorch counts its own products, and of attention the kernels for GPUs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("runs/peers/model"))
    parser.add_argument("--data", type=Path, default=Path("runs/peers/train.jsonl"))
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    torch.set_flush_denormal(True)
    with tempfile.TemporaryDirectory() as folder:
        step = _step(args, folder)
    with FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as counter:
        step()
    flops = counter.get_total_flops()
    mine = flops / _seconds(step, args.repeats)
    print(f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}; {flops / 1e9:.0f} GFLOP a step of 16 samples")
    print("| what | GFLOP/s | our step reaches |\n| --- | ---: | ---: |")
    print(f"| our SFT step | {mine / 1e9:.0f} | |")
    for rows, inputs, outputs in SHAPES:
        limit = _products(rows, inputs, outputs, args.repeats)
        print(f"| products of {rows} × {inputs} by {inputs} × {outputs} | {limit / 1e9:.0f} | {mine / limit:.0%} |")


def _step(args: argparse.Namespace, folder: str) -> Callable[[], None]:
    """The first update's forward and backward passes, as the trainer makes them."""
    recipe = sft_recipe(args.model, args.data, folder)
    model, processor = starting_model(recipe)
    use_packing(model)
    update = next(iter(Updates(Draws(recipe, Corpus(recipe)), processor, Share(16), end=16)))

    def step() -> None:
        model.zero_grad()
        for row in update.rows:
            place, target = supervised(row["labels"])
            (-model(row, place, target).logprobs.sum()).backward()

    return step


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """The median, after a first run that does not count."""
    took = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return statistics.median(took[1:])


def _products(rows: int, inputs: int, outputs: int, repeats: int) -> float:
    """FLOPs a second of float32 products of one shape."""
    left, right = torch.randn(rows, inputs), torch.randn(outputs, inputs)
    times = 50

    def many() -> None:
        for _ in range(times):
            linear(left, right)

    return 2 * rows * inputs * outputs * times / _seconds(many, repeats)


if __name__ == "__main__":
    main()
