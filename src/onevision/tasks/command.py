"""onevision tasks: look at what the tasks draw."""

import json
import random
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import typer
from PIL.Image import Image

from onevision.errors import InputError, MissingPartError
from onevision.store import write_atomic
from onevision.tasks import make, names
from onevision.tasks.base import Task
from onevision.tasks.canvas import Canvas, Style

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="The procedural visual tasks: list them, or write some problems.")


@app.callback(invoke_without_command=True)
def _root(ctx: typer.Context) -> None:
    """List the procedural visual tasks, or write some of their problems."""
    if ctx.invoked_subcommand is None:
        list_tasks()


@app.command("list")
def list_tasks() -> None:
    """All tasks with what they ask and the language that describes their pictures.

    Example: onevision tasks list
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("task", "written as", "what it is", "for example", show_lines=False)
    for name in names():
        try:
            task = make(name, levels=(1,), size=(224, 256))
        except MissingPartError as error:
            table.add_row(name, "", str(error), "")
            continue
        item = task.item(0)
        first_line = (type(task).__doc__ or "").strip().split("\n")[0]
        table.add_row(name, item.description.formalism, first_line, item.question)
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A task's name, e.g. chain")],
    seed: Annotated[int, typer.Option(help="Which series of problems, e.g. --seed 7")] = 0,
    n: Annotated[int, typer.Option("-n", help="How many problems, e.g. -n 4")] = 1,
    out: Annotated[Path, typer.Option(help="The folder to write to, e.g. --out look")] = Path("onevision-tasks"),
    split: Annotated[str, typer.Option(help="train, validation or test, e.g. --split test")] = "train",
) -> None:
    """Write a task's first problems as PNG, with question, answer, description and steps as JSON beside them.

    Example: onevision tasks show chain --seed 7 -n 4 --out look
    """
    if n < 1:
        raise InputError(f"-n is {n}; give 1 or more")
    task = make(name, split=split, seed=seed)
    for index in range(n):
        path = out / f"{name}-{split}-{seed}-{index}"
        with _writing(out):
            record = _write(task, index, path)
        typer.echo(f"{path}.png\n  {record['question']}\n  -> {record['answer']}")


@contextmanager
def _writing(folder: Path, file: Path | None = None) -> Iterator[None]:
    """Around work that ends in a folder, or in a file in it: what cannot be written is refused before the work."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
        if file and file.is_dir():
            raise InputError(f"{file} is a folder; the name of a file was expected")
        yield
    except OSError as error:
        raise InputError(f"cannot write {file or folder}: {error.strerror}") from None


def _write(task: Task, index: int, path: Path) -> dict[str, object]:
    problem, item = task.problem(index), task.item(index)
    problem.images[0].save(f"{path}.png")
    record: dict[str, object] = {
        "id": problem.id,
        "question": problem.question,
        "choices": problem.choices,
        "answer": problem.answer,
        "formalism": item.description.formalism,
        "description": item.description.text,
        "steps": item.steps,
        "level": problem.meta["level"],
    }
    Path(f"{path}.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return record


@app.command()
def sheet(
    out: Annotated[Path, typer.Argument(help="The PNG to write, e.g. docs/tasks.png")],
    level: Annotated[int, typer.Option(help="Their level, 1 to 5, e.g. --level 3")] = 3,
    seed: Annotated[int, typer.Option(help="Which series of problems, e.g. --seed 7")] = 0,
) -> None:
    """Write one picture with a problem of every task.

    Example: onevision tasks sheet docs/tasks.png --level 3
    """
    with _writing(out.parent, out):
        _sheet(level, seed).save(out, optimize=True)
    typer.echo(str(out))


def _sheet(level: int, seed: int) -> Image:
    wide, high, columns = 330, 290, 4
    rows = -(-len(names()) // columns)
    page = Canvas(columns * wide, rows * high, Style(smooth=1))
    for place, name in enumerate(names()):
        problem = make(name, split="test", seed=seed, levels=(level,), size=(300, 400))[0]
        x, y = place % columns * wide, place // columns * high
        page.paste(problem.images[0], (x + 15, y + 10, x + wide - 15, y + high - 66))
        for line, text in enumerate(textwrap.wrap(problem.question, 46)[:2]):
            page.text((x + wide / 2, y + high - 46 + 18 * line), text, 13)
    return page.image(random.Random(0))


@app.command()
def export(
    mix: Annotated[str, typer.Argument(help="Tasks with weights, e.g. chain:2,maze; or all")],
    form: Annotated[str, typer.Option("--format", help="onevision (the forge's), trl or verl, e.g. --format verl")] = "onevision",
    n: Annotated[int, typer.Option("-n", help="How many problems, e.g. -n 1000")] = 1000,
    out: Annotated[Path, typer.Option(help="The parquet file to write, e.g. --out train.parquet")] = Path("tasks.parquet"),
    split: Annotated[str, typer.Option(help="train, validation or test, e.g. --split test")] = "train",
    seed: Annotated[int, typer.Option(help="Which series of problems, e.g. --seed 7")] = 0,
    levels: Annotated[str, typer.Option(help="Which levels, repeated to weigh, e.g. --levels 1,1,2")] = "1,2,3,4,5",
    size: Annotated[str, typer.Option(help="Smallest and largest mean of a picture's sides, e.g. --size 224,448")] = "",
) -> None:
    """Write problems of any mix of tasks as one parquet file for a trainer.

    Example: onevision tasks export chain:2,maze --format trl -n 500 --out train.parquet
    """
    from rich.progress import track

    from onevision.tasks.export import FORMATS, write
    from onevision.tasks.mix import Mix, read_mix

    if form not in (*FORMATS, "onevision"):
        raise InputError(f"unknown format {form!r}: one of onevision, {', '.join(FORMATS)}")
    if n < 1:
        raise InputError(f"-n is {n}; give 1 or more")
    source = Mix(read_mix(mix), split=split, seed=seed, **read_config(levels, size))
    with _writing(out.parent, out):
        samples = (source.sample(number) for number in track(range(n), description="drawing"))
        if form == "onevision":
            from onevision.sources.onevision import save

            save(out, samples)
        else:
            write(out, form, samples)
    typer.echo(f"{out}: {n} problems")


def read_config(levels: str, size: str) -> dict[str, Any]:
    """The options --levels and --size as what `Task` takes. Raises InputError naming the one that is wrong."""
    return {"levels": _numbers("levels", levels)} | _size(size)


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


@app.command()
def gallery(
    out: Annotated[Path, typer.Argument(help="The page to write, e.g. docs/gallery.md")],
) -> None:
    """Write a page with three levels of every task, its pictures in a folder beside it.

    Example: onevision tasks gallery docs/gallery.md
    """
    from onevision.tasks.gallery import page, pictures

    with _writing(out.parent, out):
        for name, picture in pictures():
            write_atomic(out.with_suffix("") / name, picture)
        write_atomic(out, page(out.stem))
    typer.echo(str(out))
