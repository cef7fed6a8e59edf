"""onevision tasks: look at what the tasks draw."""

import json
import random
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from onevision.errors import InputError
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
        task = make(name, levels=(1,), size=(224, 256))
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
    _make_folder(out)
    for index in range(n):
        path = out / f"{name}-{split}-{seed}-{index}"
        record = _write(task, index, path)
        typer.echo(f"{path}.png\n  {record['question']}\n  -> {record['answer']}")


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {out}: {error.strerror}") from None


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
    wide, high, columns = 330, 290, 4
    rows = -(-len(names()) // columns)
    page = Canvas(columns * wide, rows * high, Style(smooth=1))
    for place, name in enumerate(names()):
        problem = make(name, split="test", seed=seed, levels=(level,), size=(300, 400))[0]
        x, y = place % columns * wide, place // columns * high
        page.paste(problem.images[0], (x + 15, y + 10, x + wide - 15, y + high - 66))
        for line, text in enumerate(textwrap.wrap(problem.question, 46)[:2]):
            page.text((x + wide / 2, y + high - 46 + 18 * line), text, 13)
    _make_folder(out.parent)
    page.image(random.Random(0)).save(out, optimize=True)
    typer.echo(str(out))
