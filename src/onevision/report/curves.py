"""Curves of a training run from its losses.jsonl."""

import json
from pathlib import Path
from typing import Any

from onevision.report.plots import plain

PANELS = (
    *("loss", "reward", "reward_std", "completion_length", "truncated", "entropy", "kl"),
    *("clip_fraction", "zero_variance", "grad_norm", "learning_rate"),
)
"""What is drawn, where it was logged: the loss alone for SFT, a panel for each figure of a GRPO run."""


def plot_losses(run: Path) -> Path | None:
    """Draw `loss.png` in a run's folder from its losses.jsonl; None where nothing was logged yet."""
    log = run / "losses.jsonl"
    # The last line of a run that was killed may be cut.
    lines = [line for line in log.read_bytes().splitlines(keepends=True) if line.endswith(b"}\n")] if log.exists() else []
    if not lines:
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [json.loads(line) for line in lines]
    reinforced = any("reward" in row for row in rows)
    names = [name for name in PANELS if any(name in row for row in rows)] if reinforced else ["loss"]
    across = min(3, len(names))
    down = -(-len(names) // across)
    figure, grid = plt.subplots(
        down, across, figsize=(7 if across == 1 else 4 * across, 4 if down == 1 else 2.6 * down), layout="constrained", squeeze=False
    )
    for axes, name in zip(grid.flat, names, strict=False):
        _draw(axes, rows, name, "log" if name == "loss" and not reinforced else "linear")
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    figure.suptitle(plain(run.name))
    figure.savefig(run / "loss.png", dpi=120)
    plt.close(figure)
    return run / "loss.png"


def _draw(axes: Any, rows: list[dict[str, Any]], name: str, scale: str) -> None:
    # A resumed run logs the steps since its last checkpoint again: the later line counts.
    points = {row["step"]: float(row[name]) for row in rows if name in row}
    steps = sorted(points)
    axes.plot(steps, [points[step] for step in steps], linewidth=1)
    axes.set(xlabel="step", ylabel=name.replace("_", " "), yscale=scale)
    if name == "loss" and "eval_loss" in {key for row in rows for key in row}:
        held = {row["step"]: float(row["eval_loss"]) for row in rows if "eval_loss" in row}
        axes.plot(sorted(held), [held[step] for step in sorted(held)], "o-", markersize=3, linewidth=1, label="held out")
        axes.legend()
    axes.grid(alpha=0.3)
