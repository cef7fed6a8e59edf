"""Our training steps against the peers': all sides in turn, several times, medians, one Markdown table each.

    python benchmarks/peers/make_data.py --out runs/peers
    benchmarks/peers/venv.sh trl runs/venv-trl && benchmarks/peers/venv.sh llamafactory runs/venv-llamafactory
    python benchmarks/training.py grpo sft --trl runs/venv-trl --llamafactory runs/venv-llamafactory

A side runs in a process of its own; benchmarks/peers/README.md says what is alike and what the counts mean. On a machine with a GPU
the same lines compute in bfloat16 there, and two columns are added: the device's peak memory, and for sft the model FLOPs a second as
a share of the device's peak (MFU; FLOPs as `onevision plan` counts them, padding and what is computed again left out):

    python benchmarks/peers/make_data.py --out runs/peers-3b --shape Qwen/Qwen2.5-VL-3B-Instruct
    python benchmarks/training.py grpo sft --data runs/peers-3b --trl ENV --llamafactory ENV
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from onevision.train.plan.architecture import count, find_config
from onevision.train.plan.work import DEVICES, Text, step_flops
from onevision.train.recipe import SFTRecipe

HERE = Path(__file__).parent
GRPO = {
    "504 px, G 8, 128 tokens": ["--picture-size", "504", "--group", "8", "--completion-tokens", "128"],
    "504 px, G 8, 128 tokens, tower frozen": ["--picture-size", "504", "--group", "8", "--completion-tokens", "128", "--freeze-vision"],
    "504 px, G 16, 64 tokens, tower frozen": ["--picture-size", "504", "--group", "16", "--completion-tokens", "64", "--freeze-vision"],
    "112 px, G 8, 256 tokens": ["--picture-size", "112", "--group", "8", "--completion-tokens", "256"],
}
"""The last is the case that favours us least: a small picture, and time spent decoding."""

SAMPLES = 16
"""Of a step of ours; LLaMA-Factory's packed rows hold about as many."""
SFT = {
    "512 samples, 16 a step": [],
    "the same, tower frozen, ours with its features kept": ["--freeze-vision"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=["grpo", "sft"])
    parser.add_argument("--trl", type=Path, help="TRL's environment")
    parser.add_argument("--llamafactory", type=Path, help="LLaMA-Factory's environment")
    parser.add_argument("--data", type=Path, default=Path("runs/peers"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, help="optimiser steps a run; 4 for grpo, 32 for sft where not given")
    parser.add_argument("--lr", default="1e-6")
    parser.add_argument(
        "--bf16", action="store_true", help="all sides in bfloat16 over float32 weights on a CPU too, as R1-Onevision's recipes ask"
    )
    parser.add_argument("--rollout", default="torch", help="of ours in grpo: torch, or compiled on a CPU")
    args = parser.parse_args()
    for what in args.what:
        for case, options in (GRPO if what == "grpo" else SFT).items():
            results: dict[str, list[dict[str, Any]]] = {}
            for _ in range(args.repeats):
                for side, command in sides(what, args).items():
                    results.setdefault(side, []).append(run_side(side, [*command, *options], what, args))
            if results["OneVision"][0]["device"] != "cpu":
                _add_use(what, results, args.data / "model", frozen="--freeze-vision" in options)
            print(_table(what, case, results), flush=True)


def sides(what: str, args: argparse.Namespace) -> dict[str, list[str]]:
    """Side -> the command line that runs it; TRL's SFT and LLaMA-Factory in each of their ways."""
    sides = {"OneVision": [sys.executable, str(HERE / f"ours_{what}.py"), *(["--rollout", args.rollout] if what == "grpo" else [])]}
    if args.trl:
        trl = [str(args.trl / "bin/python"), str(HERE / f"peers/trl_{what}.py")]
        batches = {"": []} if what == "grpo" else {f" {b}×{16 // b}": ["--batch", str(b), "--accumulate", str(16 // b)] for b in (1, 4)}
        sides |= {f"TRL{name}": [*trl, *batch] for name, batch in batches.items()}
    if args.llamafactory and what == "sft":
        factory = [str(args.llamafactory / "bin/python"), str(HERE / "peers/llamafactory_sft.py")]
        sides["LLaMA-Factory 1×16"] = [*factory, "--batch", "1", "--accumulate", "16"]
        sides["LLaMA-Factory packed"] = [*factory, "--pack", "--batch", "1", "--accumulate", "2"]
    return sides


def run_side(side: str, command: list[str], what: str, args: argparse.Namespace) -> dict[str, Any]:
    """One side's run, in a process of its own: the figures it wrote (`peers/measure.py`)."""
    out = args.data / "results" / f"{what}-{side.replace(' ', '-').replace('×', 'x')}.json"
    steps = str(args.steps or (4 if what == "grpo" else 32))
    common = ["--model", str(args.data / "model"), "--data", str(args.data / "train.jsonl"), "--steps", steps, "--lr", args.lr]
    common += ["--bf16"] if args.bf16 else []
    environment = os.environ | {"OMP_NUM_THREADS": str(os.cpu_count()), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([*command, *common, "--out", str(out)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} failed: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(out.read_text())
    for line in done.stderr.splitlines():
        if line.startswith("features of"):
            print(line, file=sys.stderr)
    print(f"{side}: {result['seconds_per_step']:.2f} s a step", file=sys.stderr, flush=True)
    return result


def _add_use(what: str, results: dict[str, list[dict[str, Any]]], model: Path, frozen: bool) -> None:
    """Every sft run's MFU: the work that its own tokens and patches need, over its time and the device's peak."""
    ours = results["OneVision"][0]
    peak = next((one.flops for name, one in DEVICES.items() if name in ours["device"].lower()), None)
    if what == "grpo" or peak is None:
        return
    architecture = count(find_config(str(model), model))
    recipe = SFTRecipe(stage="sft", output_dir="", freeze_vision_tower=frozen, freeze_multi_modal_projector=frozen)
    tokens, answer = (ours["per_step"][key] / SAMPLES for key in ("tokens", "lm_head_rows"))
    for run in (run for runs in results.values() for run in runs):
        samples = run["per_step"]["tokens"] / tokens
        picture = run["per_step"]["patches_encoded"] / samples / architecture.config.vision_config.spatial_merge_size**2
        # Attention's pairs are those of samples of the mean length, somewhat fewer than there are.
        flops, _ = step_flops(architecture, recipe, Text(tokens - answer, picture, answer))
        run["mfu"] = flops / tokens * run["tokens_per_second"] / peak


def _table(what: str, case: str, results: dict[str, list[dict[str, Any]]]) -> str:
    """Medians over the repeats; the ratio is of a peer's time (or of tokens a second) to ours."""
    counts = ["picture_encodes", "prompt_positions", "lm_head_rows"] if what == "grpo" else ["picture_encodes", "lm_head_rows"]
    heads = [case, "s / step", "tokens / s", "ours is", *(count.replace("_", " ") for count in counts), "peak RSS MiB", "final loss"]
    one = results["OneVision"][0]
    more = {name: key for name, key in (("device MiB", "peak_device_mib"), ("MFU", "mfu")) if one.get(key) is not None}
    heads += more
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    speed = {side: _median(runs, "tokens_per_second") for side, runs in results.items()}
    time = {side: _median(runs, "seconds_per_step") for side, runs in results.items()}
    for side, runs in results.items():
        ratio = time[side] / time["OneVision"] if what == "grpo" else speed["OneVision"] / speed[side]
        figures = [f"{time[side]:.2f}", f"{speed[side]:.0f}", "" if side == "OneVision" else f"{ratio:.2f}×"]
        figures += [f"{runs[0]['per_step'][count]:.0f}" for count in counts]
        figures += [f"{_median(runs, 'peak_rss_mib'):.0f}", f"{float(runs[0]['final_loss']):.4f}"]
        figures += [f"{_median(runs, key):.1%}" if key == "mfu" else f"{_median(runs, key):.0f}" for key in more.values()]
        lines.append([side, *figures])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _median(runs: list[dict[str, Any]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


if __name__ == "__main__":
    main()
