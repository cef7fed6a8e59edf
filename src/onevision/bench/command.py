"""`onevision bench NAME [NAME ...] --model M`."""

import json
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from onevision.errors import InputError
from onevision.store import write_atomic


def main(
    names: Annotated[list[str], typer.Argument(metavar="NAME ...", help="tasks, blindtest, or single tasks such as chain")],
    model: Annotated[str, typer.Option(help="nano, a local folder or a hub id")] = "nano",
    limit: Annotated[int, typer.Option(help="problems a task", min=1)] = 200,
    levels: Annotated[str, typer.Option(help="levels of our own tasks, drawn from evenly")] = "1,2,3,4,5",
    size: Annotated[str, typer.Option(help="picture sizes of our own tasks, pixels, instead of each level's own, e.g. 112,168")] = "",
    data: Annotated[Path | None, typer.Option(help="the benchmark's folder (blindtest)")] = None,
    out: Annotated[Path, typer.Option(help="where the logs and results.json go")] = Path("runs/bench"),
) -> None:
    """Measure a model: our own held-out tasks, or BlindTest's pictures from a folder.

    Example: onevision bench tasks --model nano --limit 200 --levels 1,2,3
    """
    from onevision import tasks
    from onevision.engine.torch import TorchEngine
    from onevision.models.load import load_model

    known = tasks.names()
    chosen = [task for name in names for task in (known if name == "tasks" else [name])]
    unknown = [name for name in chosen if name not in (*known, "blindtest")]
    if unknown:
        raise InputError(f"unknown benchmark {unknown[0]!r}: tasks, blindtest or one of {', '.join(known)}")
    generate = TorchEngine(*load_model(model)).generate_batch
    if own := [name for name in chosen if name != "blindtest"]:
        _held_out(generate, own, limit, {"levels": _numbers("levels", levels)} | _size(size), out, model)
    if "blindtest" in chosen:
        if data is None:
            raise InputError("blindtest needs --data FOLDER, with samples.json and the pictures")
        _blindtest(generate, data, limit, out, model)


def _numbers(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise InputError(f"--{name} is {text!r}; whole numbers with commas between were expected") from None


def _size(text: str) -> dict[str, tuple[int, ...]]:
    if not text:
        return {}
    size = _numbers("size", text)
    if len(size) != 2 or not 28 <= size[0] <= size[1]:
        raise InputError(f"--size is {text!r}; smallest,largest in pixels, from 28, was expected")
    return {"size": size}


def _held_out(generate: Any, names: list[str], limit: int, config: dict[str, Any], out: Path, model: str) -> None:
    from onevision.bench.held_out import held_out

    rows = held_out(generate, names, limit, config, out)
    mean = {key: sum(getattr(row, key) for row in rows) / len(rows) for key in ("score", "majority", "blank")}
    cells = [(r.task, r.score, r.majority, r.blank) for r in rows]
    if len(rows) > 1:
        cells.append(("mean", mean["score"], mean["majority"], mean["blank"]))
    drawn = ", ".join(f"{key} {'-'.join(map(str, value))}" for key, value in config.items())
    title = f"{model}: {limit} held-out problems a task, {drawn}"
    _show(title, ("task", "score", "majority class", "blank picture"), cells)
    _save(out, "tasks.json", {"model": model, **config, "rows": [asdict(r) for r in rows], "mean": mean})


def _blindtest(generate: Any, data: Path, limit: int, out: Path, model: str) -> None:
    from onevision.bench.blindtest import load
    from onevision.bench.run import accuracy, evaluate, write_log
    from onevision.engine.base import SamplingParams

    by_task = defaultdict(list)
    for problem in load(data):
        by_task[problem.source.removeprefix("blindtest/")].append(problem)
    cells, scores = [], {}
    for task, problems in by_task.items():
        graded = evaluate(generate, problems[:limit], SamplingParams(max_new_tokens=512), title=task)
        write_log(out / f"blindtest-{task}.jsonl", graded)
        judged = sum(g.verdict.score is not None for g in graded)
        scores[task] = {"score": accuracy(graded), "judged": judged, "problems": len(graded)}
        cells.append((task, scores[task]["score"], f"{judged} of {len(graded)}"))
    _show(f"{model}: BlindTest pictures in {data}", ("task", "score", "judged"), cells)
    _save(out, "blindtest.json", {"model": model, "tasks": scores})


def _show(title: str, heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """A table for people on a terminal, Markdown for a file."""
    texts = [[f"{100 * c:.1f} %" if isinstance(c, float) else ("–" if c is None else str(c)) for c in row] for row in rows]
    if not sys.stdout.isatty():
        lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *texts]
        print(title, "", *(f"| {' | '.join(line)} |" for line in lines), sep="\n")
        return
    table = Table(title=title)
    for head in heads:
        table.add_column(head, justify="left" if head == heads[0] else "right")
    for row in texts:
        table.add_row(*row)
    Console().print(table)


def _save(out: Path, name: str, results: dict[str, Any]) -> None:
    write_atomic(out / name, json.dumps(results, indent=1) + "\n")
