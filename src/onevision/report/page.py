"""Benchmark runs as one page: the tables, the plots, and every sample to read and filter."""

import base64
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from onevision.report.compare import Paired
from onevision.report.html import write_html
from onevision.report.plots import plot_scores
from onevision.report.published import published
from onevision.report.tables import Run, cell, costs, figure_cells, guess, lines, several


def write_page(path: Path, runs: Sequence[Run], pairs: Sequence[tuple[str, str, Paired]] = ()) -> Path:
    """Write the page and return its path. Tables, plots and texts are in it; pictures stay in the runs' folders and are
    loaded as one scrolls, so thousands of them cost nothing."""
    data = {
        "runs": [_run(run, path.parent) for run in runs],
        "pairs": [{"first_run": first, "second_run": second, **_paired(pair)} for first, second, pair in pairs],
    }
    return write_html(path, "page.html", data)


def _run(run: Run, home: Path) -> dict[str, Any]:
    table, random = lines(run.records, run.about["groups"]), guess(run.records)
    plot = plot_scores(run.folder / "scores.png", f"{run.about['model']}: {run.name}", table, random)
    known = published(run.about["benchmark"], run.about["split"])
    return {
        "name": run.name,
        "model": run.about["model"],
        "about": run.about,
        "groups": run.about["groups"],
        "lines": [[one.name, cell(one.score), f"{one.judged} of {one.problems}"] for one in table]
        + [["guessing at random", cell(random), ""]],
        "figures": figure_cells(several(run.records) | run.about.get("metric", {}) | costs(run.records)),
        "published": [[model, what, f"{value:.1f} %", source] for model, what, value, source in known],
        "plot": "data:image/png;base64," + base64.b64encode(plot.read_bytes()).decode(),
        "pictures": Path(os.path.relpath(run.folder / "pictures", home)).as_posix(),
        "records": run.records,
    }


def _paired(pair: Paired) -> dict[str, Any]:
    return asdict(pair) | {"difference": cell(pair.difference)}
