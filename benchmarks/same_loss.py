"""Whether the trainers learn the same: each takes one epoch over the same samples from the same weights, with several seeds for
their order, and one judge measures what comes out on held-out samples.

    python benchmarks/peers/make_data.py --out runs/peers-small --sizes 112 224
    python benchmarks/same_loss.py --trl runs/venv-trl --llamafactory runs/venv-llamafactory

The judge is a plain Hugging Face forward, one sample at a time, padded and packed by nobody: cross-entropy in nats, the mean over all
answer tokens of problems that nobody trained on. ± is the standard deviation over the seeds.
"""

import argparse
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from training import run_side, sides
from transformers import Qwen2_5_VLForConditionalGeneration

from onevision import tasks
from onevision.models.load import load_processor
from onevision.train.encode import IGNORE, Encoded, encode

SIZES = (112, 224)
"""Of the held-out pictures, as of the samples."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trl", type=Path, help="TRL's environment")
    parser.add_argument("--llamafactory", type=Path, help="LLaMA-Factory's environment")
    parser.add_argument("--data", type=Path, default=Path("runs/peers-small"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=32, help="of 16 samples; 32 are one epoch of 512")
    parser.add_argument("--lr", default="1e-4")
    parser.add_argument("--held-out", type=int, default=4, help="samples of each task")
    args = parser.parse_args()
    held_out = _held_out(args.data, args.held_out)
    print(f"before: {_loss(args.data / 'model', held_out):.4f}", file=sys.stderr, flush=True)
    losses: dict[str, list[float]] = {}
    for seed in range(args.seeds):
        for side, command in sides("sft", args).items():
            if "packed" not in side and "4×4" not in side:  # ways to be faster, which do not change what is learnt
                losses.setdefault(side, []).append(_trained(side, command, seed, held_out, args))
    print(_table(losses))


def _held_out(data: Path, each: int) -> list[Encoded]:
    processor = load_processor(data / "model")
    several = [tasks.make(name, split="test", size=SIZES) for name in tasks.names()]
    encoded = [encode(task.sample(index), processor) for task in several for index in range(each)]
    return [replace(one, pixel_values=processor.normalised(one.pixel_values)) for one in encoded]


@torch.inference_mode()
def _loss(folder: Path, samples: list[Encoded]) -> float:
    """The mean over all answer tokens, nats."""
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    total, tokens = 0.0, 0
    for one in samples:
        ids, labels = one.input_ids[None], one.labels[None]
        kinds = (ids == model.config.image_token_id).long()
        given = {"pixel_values": one.pixel_values, "image_grid_thw": one.grid, "mm_token_type_ids": kinds}
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), **given).logits
        wanted = labels[0, 1:]
        total += float(torch.nn.functional.cross_entropy(logits[0, :-1].float(), wanted, ignore_index=IGNORE, reduction="sum"))
        tokens += int((wanted != IGNORE).sum())
    return total / tokens


def _trained(side: str, command: list[str], seed: int, held_out: list[Encoded], args: argparse.Namespace) -> float:
    with TemporaryDirectory() as folder:
        figures = run_side(side, [*command, "--seed", str(seed), "--save", folder], "sft", args)
        loss = _loss(Path(folder), held_out)
    trained = statistics.mean(figures["losses"][-8:])
    print(f"{side}, seed {seed}: held out {loss:.4f}, its own last eight steps {trained:.4f}", file=sys.stderr, flush=True)
    return loss


def _table(losses: dict[str, list[float]]) -> str:
    lines = [["", "held-out loss", "each seed"], ["---", "---:", "---:"]]
    for side, found in losses.items():
        spread = f" ± {statistics.stdev(found):.4f}" if len(found) > 1 else ""
        lines.append([side, f"{statistics.mean(found):.4f}{spread}", ", ".join(f"{loss:.4f}" for loss in found)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
