"""A run's records as figures: one line for all, one for each category and level."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from onevision.errors import InputError
from onevision.report.intervals import Interval, guess_interval, pass_at_k, score_interval

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """One benchmark's run: its folder, how it was asked (run.json), its records in the benchmark's order."""

    folder: Path
    about: dict[str, Any]
    records: list[Record]

    @property
    def name(self) -> str:
        """The benchmark with its split."""
        return f"{self.about['benchmark']} {self.about['split']}"


def read_run(folder: Path) -> Run:
    """Raises InputError when the folder holds no finished run."""
    if not (folder / "records.jsonl").is_file():
        raise InputError(f"{folder} holds no finished run (records.jsonl); `onevision bench` writes one")
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    # As bytes: str.splitlines would also part a record at a U+2028 or U+0085 that a model wrote.
    lines = (folder / "records.jsonl").read_bytes().splitlines()
    return Run(folder, about, [json.loads(line) for line in lines])


@dataclass(frozen=True)
class Line:
    """One line of the table. score: None where nothing could be judged."""

    name: str
    problems: int
    judged: int
    score: Interval | None


def line(name: str, records: Sequence[Record]) -> Line:
    """The score of these records. What could not be judged is left out, never counted as wrong."""
    judged = [record for record in records if record["score"] is not None]
    score = score_interval([r["score"] for r in judged], [r["cluster"] for r in judged]) if judged else None
    return Line(name, len(records), len(judged), score)


def lines(records: Sequence[Record], groups: Iterable[str]) -> list[Line]:
    """All, then every value of each group (a key of the problems' meta)."""
    table = [line("all", records)]
    for group in groups:
        values = sorted({str(r["meta"][group]) for r in records if group in r["meta"]}, key=_natural)
        table += [line(f"{group} {value}", [r for r in records if str(r["meta"].get(group)) == value]) for value in values]
    return table


def _natural(name: str) -> list[str | int]:
    """Levels are numbers and come in order, 10 behind 9; the rest by name."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def guess(records: Sequence[Record]) -> Interval:
    """What guessing at random would score on the judged records."""
    return guess_interval([record["guess"] for record in records if record["score"] is not None])


def majority(records: Sequence[Record]) -> float:
    """What always giving each kind of question's most frequent answer would score (yes-no questions and others)."""
    kinds: dict[bool, Counter[str | None]] = {True: Counter(), False: Counter()}
    for record in records:
        kinds[record["gold"] in ("Yes", "No")][record["gold"]] += 1
    return sum(max(count.values()) for count in kinds.values() if count) / len(records)


def several(records: Sequence[Record]) -> dict[str, float]:
    """pass@k and majority@n over n completions a problem, on fully judged problems; empty for one completion."""
    n = max((len(record["completions"]) for record in records), default=0)
    whole = [r for r in records if n > 1 and all(one["score"] is not None for one in r["completions"])]
    if not whole:
        return {}
    right = [sum(one["score"] == 1.0 for one in record["completions"]) for record in whole]
    ks = [k for k in (1, 2, 4, 8, 16, 32, 64) if k < n] + [n]
    figures = {f"pass@{k}": float(np.mean([pass_at_k(r, n, k) for r in right])) for k in ks}
    return figures | {f"majority@{n}": float(np.mean([record["majority"] for record in whole]))}


def costs(records: Sequence[Record]) -> dict[str, float]:
    """Tokens a completion, seconds from asking to the answer (of the whole batch, where problems ran as one), share cut off."""
    completions = [one for record in records for one in record["completions"]]
    seconds = [record["seconds"] for record in records]
    figures = {
        "seconds median": round(float(np.median(seconds)), 2),
        "seconds 95th percentile": round(float(np.percentile(seconds, 95)), 2),
        "cut off at the longest": sum(one["stop"] == "length" for one in completions) / len(completions),
        "without an answer": sum(one["answer"] is None for one in completions) / len(completions),
    }
    if tokens := [one["tokens"] for one in completions if one["tokens"] is not None]:
        figures = {"tokens mean": round(float(np.mean(tokens)), 1), "tokens longest": float(max(tokens))} | figures
    return figures


COUNTS = ("tokens", "seconds", "composites")
"""Figures whose name begins so are no shares."""


def figure_cells(figures: Mapping[str, float]) -> list[list[str]]:
    """Named figures as a table's rows: counts as they are, shares in percent."""
    return [[name, f"{value:g}" if name.startswith(COUNTS) else cell(value)] for name, value in figures.items()]


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people on a terminal, Markdown for a file. Floats are shares, None is a dash."""
    texts = [[cell(one) for one in row] for row in rows]
    if not sys.stdout.isatty():
        heading = [list(heads), ["---", *["---:"] * (len(heads) - 1)], *texts]
        print(title, "", *(f"| {' | '.join(one)} |" for one in heading), "", sep="\n")
        return
    table = Table(title=title)
    for head in heads:
        table.add_column(head, justify="left" if head == heads[0] else "right")
    for row in texts:
        table.add_row(*row)
    Console().print(table)


def cell(value: Any) -> str:
    """A table's cell as text."""
    if isinstance(value, float):
        return f"{100 * value:.1f} %"
    return "–" if value is None else str(value)
