"""Scores with their intervals as a picture."""

from collections.abc import Sequence
from pathlib import Path

from onevision.report.intervals import Interval
from onevision.report.tables import Line


def plain(name: str) -> str:
    """A name as a plot's label: matplotlib would read what stands between two dollars as a formula."""
    return name.replace("$", r"\$")


def plot_scores(path: Path, title: str, lines: Sequence[Line], guess: Interval) -> Path:
    """A dot and its 95 % interval for every line that has a score; guessing at random is a dashed line."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    scored = [(one.name, one.score) for one in lines if one.score is not None]
    figure, axes = plt.subplots(figsize=(7, 1.2 + 0.26 * len(scored)), layout="constrained")
    for row, (_, score) in enumerate(scored):
        axes.plot([100 * score.low, 100 * score.high], [row, row], color="#888888", linewidth=1.5)
        axes.plot(100 * score.value, row, "o", color="#1f6feb", markersize=5)
    axes.axvline(100 * guess.value, color="#d1495b", linestyle="--", linewidth=1, label="guessing at random")
    axes.set(
        yticks=range(len(scored)),
        yticklabels=[plain(name) for name, _ in scored],
        xlim=(0, 100),
        ylim=(len(scored) - 0.4, -0.6),
        xlabel="right, %",
        title=plain(title),
    )
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
