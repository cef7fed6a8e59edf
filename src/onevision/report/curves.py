"""Loss curves from a training run's losses.jsonl."""

import json
from pathlib import Path


def plot_losses(run: Path) -> Path | None:
    """Draw `loss.png` in a run's folder from its losses.jsonl; None where nothing was logged yet."""
    log = run / "losses.jsonl"
    if not log.exists():
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    # A resumed run logs the steps since its last checkpoint again: the later line counts.
    rows = {row["step"]: row for row in map(json.loads, log.read_text().splitlines())}
    steps = sorted(rows)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(steps, [float(rows[s]["loss"]) for s in steps], linewidth=1)
    axes.set(xlabel="step", ylabel="loss", yscale="log", title=run.name)
    axes.grid(alpha=0.3)
    figure.savefig(run / "loss.png", dpi=120)
    plt.close(figure)
    return run / "loss.png"
