"""`onevision bench NAME [NAME ...] --model M`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from onevision.errors import InputError, unknown_name
from onevision.store import write_atomic

if TYPE_CHECKING:
    from onevision.bench.run import Asking
    from onevision.engine.base import Engine
    from onevision.report.tables import Run

OWN_LIMIT = 200
"""Problems of each of our own tasks, which have no end, where --limit does not say."""

LONGEST = 2048
"""Tokens of an answer, where --max-new-tokens does not say; reasoning models write long."""


def main(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME ...", help="benchmarks, `tasks` (all our own), or single tasks such as chain")
    ],
    model: Annotated[str, typer.Option(help="nano, a folder, a hub id, vllm:ID or openai:NAME@URL")] = "nano",
    split: Annotated[str, typer.Option(help="of the benchmark, e.g. --split testmini; of our own tasks test, if not validation")] = "",
    data: Annotated[Path | None, typer.Option(help="the benchmark's folder or file; a folder may hold one folder a NAME")] = None,
    limit: Annotated[int | None, typer.Option(help="problems, spread evenly over the benchmark; of each of our tasks", min=1)] = None,
    levels: Annotated[str, typer.Option(help="levels of our own tasks, drawn from evenly")] = "1,2,3,4,5",
    size: Annotated[str, typer.Option(help="picture sizes of our own tasks, pixels, instead of each level's own, e.g. 112,168")] = "",
    renderer: Annotated[
        Literal["own", "svg"], typer.Option(help="svg: our own tasks in lines and fonts that no training picture has")
    ] = "own",
    n: Annotated[int, typer.Option("-n", help="completions of each problem, for pass@k and majority; give a temperature", min=1)] = 1,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token")] = 0.0,
    top_p: Annotated[float, typer.Option(help="sample from the likeliest tokens that hold this much probability")] = 1.0,
    seed: Annotated[int, typer.Option(help="of sampling; recorded")] = 0,
    max_new_tokens: Annotated[int | None, typer.Option(help="longest answer; 512 for our own tasks, otherwise 2048")] = None,
    concurrency: Annotated[int, typer.Option(help="requests in flight on vLLM or an endpoint", min=1)] = 64,
    engine: Annotated[Literal["auto", "ray"], typer.Option(help="ray: one engine a GPU or machine of a Ray cluster")] = "auto",
    workers: Annotated[int | None, typer.Option(help="engines of --engine ray", min=1)] = None,
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16, float16, or int8 for nano on a CPU")] = "auto",
    compiled: Annotated[
        bool, typer.Option("--compile", help="nano as machine code, about twice as fast; needs g++, and two minutes once")
    ] = False,
    out: Annotated[Path, typer.Option(help="where the results go; the same line again goes on where it stopped")] = Path("runs/bench"),
) -> None:
    """Measure a model on benchmarks or on our own held-out tasks.

    Example: onevision bench mathvision --data MathVision --model nano
    """
    from onevision import tasks
    from onevision.tasks.command import read_config

    chosen, own = _chosen(names)
    drawn: dict[str, Any] = read_config(levels, size) | ({} if renderer == "own" else {"renderer": renderer}) | {"split": split or "test"}
    sampling = {"temperature": temperature, "top_p": top_p, "seed": seed}
    if n > 1 and temperature == 0:
        raise InputError(f"-n is {n} but temperature is 0: greedy completions are all the same; give --temperature, e.g. 0.7")
    # Everything the user may have got wrong comes before a model is loaded.
    for name in own:
        tasks.make(name, **drawn)
    subjects = [_subject(name, data, split, limit) for name in chosen]
    ask = _Ask(model, dtype, compiled, sampling, n, concurrency, max_new_tokens)
    asked = _load(model, dtype, compiled, engine, workers)
    if own:
        _own_tasks(asked, own, limit or OWN_LIMIT, drawn, ask, out)
    for subject in subjects:
        from onevision.bench.measure import measure

        _show_run(measure(asked, subject, ask.asking(LONGEST), out / subject.benchmark))


@dataclass(frozen=True)
class _Ask:
    """The options of asking, before the longest answer is settled."""

    model: str
    dtype: str
    compiled: bool
    sampling: dict[str, Any]
    n: int
    concurrency: int
    max_new_tokens: int | None

    def __post_init__(self) -> None:
        self.asking(LONGEST)  # refuses bad numbers at once

    def asking(self, longest: int) -> "Asking":
        from onevision.bench.run import Asking
        from onevision.engine.base import SamplingParams
        from onevision.engine.load import identity

        longest = longest if self.max_new_tokens is None else self.max_new_tokens
        asked = identity(self.model, self.dtype, self.compiled)
        return Asking(asked, SamplingParams(max_new_tokens=longest, **self.sampling), self.n, self.concurrency)


def _chosen(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The benchmarks, and our own tasks, among the names."""
    from onevision import tasks
    from onevision.bench import BENCHMARKS

    own = [task for name in names for task in (tasks.names() if name == "tasks" else [name]) if task in tasks.names()]
    chosen = [name for name in names if name in BENCHMARKS]
    unknown = [name for name in names if name != "tasks" and name not in own and name not in chosen]
    if unknown:
        raise unknown_name("benchmark", unknown[0], (*BENCHMARKS, "tasks", *tasks.names()))
    return chosen, own


def _subject(name: str, data: Path | None, split: str, limit: int | None) -> Any:
    from onevision.bench import BENCHMARKS
    from onevision.bench.measure import Subject

    benchmark = BENCHMARKS[name]
    folder = data / name if data and (data / name).is_dir() else data
    problems = benchmark.load(folder, split)
    if limit and limit < len(problems):
        problems = [problems[index * len(problems) // limit] for index in range(limit)]
    return Subject(name, split or benchmark.splits[0], problems, benchmark.groups)


def _load(model: str, dtype: str, compiled: bool, engine: str, workers: int | None) -> "Engine":
    if engine == "ray":
        from onevision.engine.ray import RayEngine

        return RayEngine(model, workers, dtype, compiled)
    from onevision.engine.load import load_engine

    return load_engine(model, dtype, compiled)


def _own_tasks(engine: "Engine", names: list[str], count: int, drawn: dict[str, Any], ask: _Ask, out: Path) -> None:
    from onevision.bench.held_out import LONGEST, held_out
    from onevision.report.tables import show

    rows = held_out(engine, names, count, drawn, ask.asking(LONGEST), out)
    mean = {key: sum(getattr(row, key) or 0.0 for row in rows) / len(rows) for key in ("score", "majority", "blank")}
    cells = [(r.task, r.score, r.majority, r.blank) for r in rows]
    if len(rows) > 1:
        cells.append(("mean", mean["score"], mean["majority"], mean["blank"]))
    said = ", ".join(f"{key} {value if isinstance(value, str) else '-'.join(map(str, value))}" for key, value in drawn.items())
    show(f"{ask.model}: {count} held-out problems a task, {said}", ("task", "score", "majority class", "blank picture"), cells)
    results = {"model": ask.model, **drawn, "rows": [asdict(r) for r in rows], "mean": mean}
    write_atomic(out / "tasks.json", json.dumps(results, indent=1) + "\n")


def _show_run(run: "Run") -> None:
    from onevision.report.command import show_run

    show_run(run)
