"""What a thought is worth: the same tasks learnt with and without it, at equal data and at equal compute.

    python benchmarks/ablation.py --out runs/ablation [--model nano] [--seeds 3] [--steps 60] [--grpo-steps 80] [--limit 300] [--compile]
        [--arms described grpo]

The start is nano, which can read such pictures and seldom met such questions: sums, differences and counts over bar charts and tables,
chains of two and three arrows. Its picture tower stays as it is, and looks at every picture once for all runs. Nano was taught in the
form of `described`, so this tells how best to teach a model that can already describe; the row `start` is nano itself. Arms:

    answer             nothing but the answer is learnt
    steps              the steps, then the answer
    described          the Description, the steps, the answer
    answer, compute    as `answer`, on as many more samples as `described` spends on its longer ones
    steps, compute     likewise
    grpo               `described`, then GRPO with the common grader

With one seed all arms see the same samples in the same order; only what stands between question and answer differs. Accuracy is greedy, on
the same held-out problems for all, each of at least two steps; of `grpo` and of what it goes on from also that of one answer a problem
sampled at temperature 1 ("sampled"), which is what GRPO is rewarded for. Intervals: seeds and problems are resampled
together, the same ones for both arms of a pair (Efron & Tibshirani 1993, percentiles). Run again, it goes on where it stopped.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from onevision import tasks
from onevision.bench.measure import Subject, measure
from onevision.bench.run import Asking
from onevision.engine.base import SamplingParams
from onevision.engine.load import load_engine
from onevision.models.load import load_model
from onevision.sources.onevision import save
from onevision.store import write_atomic
from onevision.tasks.base import Task
from onevision.train.data import with_thought
from onevision.train.encode import encode
from onevision.types import Problem

HARDER = ("sum", "difference", "count")
TASKS: dict[str, dict[str, Any]] = {
    "bar_chart": {"queries": HARDER},
    "table_lookup": {"queries": HARDER},
    "chain": {"arrows": (2, 3)},
}
LEVEL, SIZE = 2, (150, 224)
THOUGHT = {"answer": "none", "steps": "steps", "described": "described", "answer, compute": "none", "steps, compute": "steps"}
PAIRS = (("answer", "described"), ("answer, compute", "described"), ("steps", "described"), ("steps, compute", "described"),
         ("described", "grpo"), ("described, sampled", "grpo, sampled"))  # fmt: skip
GREEDY, SAMPLED = SamplingParams(max_new_tokens=320), SamplingParams(max_new_tokens=320, temperature=1.0, seed=0)
RESAMPLES = 2000

SFT = {
    "stage": "sft",
    "freeze_vision_tower": True,
    "freeze_multi_modal_projector": True,
    "per_device_train_batch_size": 32,
    "pack_tokens": 2048,
    "learning_rate": 5.0e-4,
    "optim": "muon",
    "weight_decay": 0.01,
    "warmup_ratio": 0.02,
    "bf16": True,
    "save_steps": 50,
}
GRPO = {
    "stage": "grpo",
    "freeze_vision_tower": True,
    "per_device_train_batch_size": 16,
    "num_generations": 8,
    "max_completion_length": 320,
    "dynamic_sampling": 1,
    "epsilon_high": 0.28,
    "learning_rate": 5.0e-5,
    "lr_scheduler_type": "cosine",
    "warmup_ratio": 0.1,
    "bf16": True,
    "save_steps": 25,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--model", default="nano", help="what all arms start from")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60, help="updates of 32 samples; the arms of equal compute take more")
    parser.add_argument("--grpo-steps", type=int, default=80, help="updates of 16 prompts, 8 answers each")
    parser.add_argument("--limit", type=int, default=80, help="held-out problems of each task")
    parser.add_argument("--arms", nargs="+", choices=[*THOUGHT, "grpo"], default=[*THOUGHT, "grpo"], help="grpo goes on from described")
    parser.add_argument("--jobs", type=int, default=2, help="training runs at a time, each with its share of the processors")
    parser.add_argument("--compile", action="store_true", help="machine code answers for GRPO and the held-out problems, on a CPU with g++")
    args = parser.parse_args()
    if "grpo" in args.arms and "described" not in args.arms:
        parser.error("grpo goes on from described: name both")
    cost = flops_a_sample(args.model)
    steps = {arm: args.steps if "compute" not in arm else round(args.steps * cost["described"] / cost[arm]) for arm in THOUGHT}
    data = drawn(args.out, max(steps.values()) * SFT["per_device_train_batch_size"], seed=0)
    # Twice what the updates take: groups whose answers all earn the same are drawn again.
    prompts = drawn(args.out, 2 * args.grpo_steps * GRPO["per_device_train_batch_size"], seed=1)
    steps["grpo"] = args.grpo_steps
    problems = [made(name, "test").sample(index).problem for name in TASKS for index in range(args.limit)]
    start = score(args.model, problems, GREEDY, args.out / "start", args.compile)
    scores = {"start": np.array([start] * args.seeds)}
    sft = [arm for arm in THOUGHT if arm in args.arms]
    for arms in (sft, ["grpo"] if "grpo" in args.arms else []):
        if not arms:
            continue
        runs = [
            Run(args.out, arm, seed, args.model, prompts if arm == "grpo" else data, steps[arm], args.compile)
            for seed in range(args.seeds)
            for arm in arms
        ]
        if arms == sft:
            runs[0].train(jobs=1)  # alone: it fills the store of picture features for all
        with ThreadPoolExecutor(args.jobs) as pool:
            list(pool.map(lambda run: run.train(args.jobs), runs))
        for arm in arms:
            chosen = [run for run in runs if run.arm == arm]
            scores[arm] = scored(chosen, problems, GREEDY, args)
            if "grpo" in args.arms and arm in ("described", "grpo"):
                scores[f"{arm}, sampled"] = scored(chosen, problems, SAMPLED, args)
    write_atomic(args.out / "scores.json", json.dumps({arm: found.tolist() for arm, found in scores.items()}))
    print(tables(scores, steps, cost))


def flops_a_sample(model: str, samples: int = 200) -> dict[str, float]:
    """Learning's mean cost by arm: 6 FLOPs for every weight and token of the text tower (Kaplan et al. 2020, arXiv:2001.08361);
    attention's own products are left out, and so is the picture tower, which all arms share."""
    loaded, processor = load_model(model)
    weights = sum(weight.numel() for weight in loaded.model.language_model.layers.parameters())
    taught = [made(name, "train").sample(number) for number in range(samples // len(TASKS)) for name in TASKS]
    cost = {}
    for arm, thought in THOUGHT.items():
        rows = [encode(one if thought == "described" else with_thought(one, thought), processor) for one in taught]
        cost[arm] = 6 * weights * sum(len(row.input_ids) for row in rows) / len(rows)
    return cost


def drawn(out: Path, count: int, seed: int) -> Path:
    """Samples of all tasks by turns, as a data set."""
    path = out / f"{count}-{seed}.parquet"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        sources = [made(name, "train", seed) for name in TASKS]
        save(path, (sources[number % len(sources)].sample(number // len(sources)) for number in range(count)))
    return path


def onevision(*command: str, threads: int = 1) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-m", "onevision", *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")


def made(name: str, split: str, seed: int = 0) -> Task:
    return tasks.make(name, split=split, seed=seed, levels=(LEVEL,), size=SIZE, **TASKS[name])


def scored(runs: list["Run"], problems: list[Problem], sampling: SamplingParams, args: argparse.Namespace) -> np.ndarray:
    """(runs, problems), as `score` has them; one run after the other, each on all processors."""
    name = "sampled" if sampling.temperature else "greedy"
    return np.array([score(str(run.model), problems, sampling, run.folder / name, args.compile) for run in runs])


def score(model: str, problems: list[Problem], sampling: SamplingParams, folder: Path, compiled: bool) -> list[float]:
    """1 for every held-out problem that is answered rightly."""
    subject, asking = Subject("ablation", "test", problems), Asking(model, sampling)
    found = measure(load_engine(model, compiled=compiled), subject, asking, folder / "bench")
    return [record["score"] or 0.0 for record in found.records]


@dataclass(frozen=True)
class Run:
    """One arm with one seed."""

    out: Path
    arm: str
    seed: int
    start: str
    data: Path
    steps: int
    compiled: bool

    @property
    def folder(self) -> Path:
        return self.out / f"{self.arm.replace(', ', '-')}-{self.seed}"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def train(self, jobs: int) -> None:
        """Learn, in a process with its share of the processors."""
        sft = SFT | {"feature_cache": str(self.out / "features"), "thought": THOUGHT.get(self.arm)}
        recipe: dict[str, Any] = GRPO | {"rollout": "compiled" if self.compiled else "torch"} if self.arm == "grpo" else sft
        start = str(self.out / f"described-{self.seed}" / "model") if self.arm == "grpo" else self.start
        named = {"model_name_or_path": start, "output_dir": str(self.model), "dataset": str(self.data)}
        recipe = recipe | named | {"max_steps": self.steps, "seed": self.seed}
        write_atomic(self.folder / "recipe.yaml", yaml.safe_dump(recipe, sort_keys=False))
        if (self.model / "config.json").exists():
            return
        onevision("train", str(self.folder / "recipe.yaml"), threads=max(1, (os.cpu_count() or 1) // jobs))
        print(f"{self.arm}, seed {self.seed}: trained", file=sys.stderr, flush=True)


def tables(scores: dict[str, np.ndarray], steps: dict[str, int], cost: dict[str, float]) -> str:
    """Two Markdown tables: the arms, and their pairs."""
    rng = np.random.default_rng(0)
    seeds, problems = scores["start"].shape
    drawn = [(rng.integers(seeds, size=seeds), rng.integers(problems, size=problems)) for _ in range(RESAMPLES)]
    means = {arm: np.array([found[np.ix_(*one)].mean() for one in drawn]) for arm, found in scores.items()}
    arms = [["arm", "updates", "GFLOP a sample", "accuracy [95 %]", "each seed"], ["---", *["---:"] * 4]]
    for arm, found in scores.items():
        low, high = np.percentile(means[arm], (2.5, 97.5))
        each = ", ".join(f"{100 * value:.1f}" for value in found.mean(1))
        spent = f"{cost[arm] / 1e9:.1f}" if arm in cost else ""
        arms.append([arm, str(steps.get(arm, "")), spent, f"{100 * found.mean():.1f} % [{100 * low:.1f}, {100 * high:.1f}]", each])
    pairs = [["second against first", "difference, points [95 %]", "ratio [95 %]"], ["---", "---:", "---:"]]
    for first, second in PAIRS:
        if not {first, second} <= set(scores):
            continue
        gain, ratio = 100 * (means[second] - means[first]), means[second] / np.maximum(means[first], 1e-9)
        whole = scores[second].mean(), scores[first].mean()
        ends = [np.percentile(values, (2.5, 97.5)) for values in (gain, ratio)]
        pairs.append([
            f"{second} – {first}",
            f"{100 * (whole[0] - whole[1]):+.1f} [{ends[0][0]:+.1f}, {ends[0][1]:+.1f}]",
            f"{whole[0] / whole[1]:.2f} [{ends[1][0]:.2f}, {ends[1][1]:.2f}]" if whole[1] else "",
        ])  # fmt: skip
    head = f"{problems} held-out problems of two steps or more, {seeds} seeds\n\n"
    return head + "\n\n".join("\n".join(f"| {' | '.join(row)} |" for row in rows) for rows in (arms, pairs))


if __name__ == "__main__":
    main()
