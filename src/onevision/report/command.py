"""`onevision report DIR [DIR ...]`: tables, paired comparisons, plots, one HTML page."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from onevision.errors import InputError
from onevision.report.compare import Paired, compare
from onevision.report.published import published
from onevision.report.tables import Run, costs, figure_cells, guess, lines, read_run, several, show


def main(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR ...", help="what `onevision bench`, `train` or `forge` wrote; several are compared")
    ],
    out: Annotated[Path | None, typer.Option(help="the page; without it report.html in the first DIR")] = None,
    card: Annotated[
        Path | None, typer.Option(help="a Markdown file whose <!-- measured --> block gets the table, e.g. --card README.md")
    ] = None,
) -> None:
    """Show what runs came to: tables with 95 % intervals, paired comparisons, plots, and one HTML page with every sample.

    Example: onevision report runs/base runs/tuned
    """
    from onevision.report.card import write_table
    from onevision.report.curves import plot_losses
    from onevision.report.forge import show_made
    from onevision.report.page import write_page

    for folder in folders:
        if curve := plot_losses(folder):
            print(f"{curve}\n")
        if (folder / "forge.json").exists():
            print(f"the page: {show_made(folder)}\n")
    runs = [run for folder in folders for run in runs_in(folder)]
    if not runs and not any((folder / name).exists() for folder in folders for name in ("losses.jsonl", "forge.json")):
        raise InputError(f"{folders[0]} holds no run; give the --out folder of `onevision bench`, or a training or a forge run")
    if not runs:
        return
    for run in runs:
        show_run(run)
    pairs = _pairs(folders)
    if pairs:
        _show_pairs(pairs)
    if card:
        print(f"the table: {write_table(card, runs)}\n")
    print(f"the page: {write_page(out or folders[0] / 'report.html', runs, pairs)}")


def runs_in(folder: Path) -> list[Run]:
    """The run that a folder is, or the runs in it, by name."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    found = [folder] if (folder / "records.jsonl").is_file() else sorted(path.parent for path in folder.glob("*/records.jsonl"))
    return [read_run(one) for one in found]


def show_run(run: Run) -> None:
    """The table of one run, guessing and published results beside it."""
    about, random = run.about, guess(run.records)
    table = [(one.name, one.score, f"{one.judged} of {one.problems}") for one in lines(run.records, about["groups"])]
    show(f"{about['model']}: {run.name}", ("", "score, 95 % interval", "judged"), [*table, ("guessing at random", random, "")])
    if figures := several(run.records) | about.get("metric", {}):
        show("of several completions, or of the benchmark's own", ("", "value"), figure_cells(figures))
    show("cost", ("", "value"), figure_cells(costs(run.records)))
    known = [(model, what, f"{value:.1f} %", source) for model, what, value, source in published(about["benchmark"], about["split"])]
    if known:
        show("published by others, not measured here", ("model", "of", "score", "source"), known)


def _pairs(folders: Sequence[Path]) -> list[tuple[str, str, Paired]]:
    """Every later folder's runs against the first one's of the same benchmark and split: (first, second, comparison)."""
    firsts = {run.name: run for run in runs_in(folders[0])}
    pairs = []
    for folder in folders[1:]:
        for run in runs_in(folder):
            if run.name in firsts and (pair := compare(firsts[run.name], run)):
                pairs.append((str(folders[0]), str(folder), replace(pair, name=run.name)))
    return pairs


def _show_pairs(pairs: Sequence[tuple[str, str, Paired]]) -> None:
    heads = ("benchmark", "problems", "first", "second", "second - first, 95 % interval", "only first right", "only second right", "p")
    for (first, second), group in _by_folders(pairs).items():
        rows = [
            (one.name, one.problems, one.first, one.second, one.difference, one.only_first, one.only_second, f"{one.p:.3g}")
            for one in group
        ]
        show(f"{first} (first) and {second} (second), paired; p of McNemar's exact test", heads, rows)


def _by_folders(pairs: Sequence[tuple[str, str, Paired]]) -> dict[tuple[str, str], list[Paired]]:
    grouped: dict[tuple[str, str], list[Paired]] = {}
    for first, second, pair in pairs:
        grouped.setdefault((first, second), []).append(pair)
    return grouped
