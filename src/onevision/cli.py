"""The command line: one table of commands; a module is imported only when its command is chosen."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

import onevision
from onevision.errors import InputError, OneVisionError

COMMANDS = {
    "ask": ("onevision.ask", "Answer a question about one or more pictures."),
    "describe": ("onevision.describe.command", "Write a picture down in a formal language, and check it."),
    "serve": ("onevision.serve.command", "Serve a model: OpenAI's API at /v1, a page to try it at /."),
    "tasks": ("onevision.tasks.command", "List the procedural visual tasks, or write some of their problems."),
    "forge": ("onevision.forge.command", "Make a reasoning data set from pictures with questions; run again to resume."),
    "export": ("onevision.forge.export.command", "Write a data set in another trainer's format."),
    "train": ("onevision.train.command", "Teach a model as a recipe says; run again to resume."),
    "plan": ("onevision.plan", "Say what a training or forge recipe will take: memory, tokens, time, money."),
    "bench": ("onevision.bench.command", "Measure a model on held-out tasks or a benchmark."),
    "report": ("onevision.report.command", "Tables, paired comparisons, plots and one HTML page of what was measured."),
    "grade": ("onevision.answers.command", "Grade an existing prediction file."),
}
"""Command -> (module, what it does). The module has `app`, a Typer with subcommands, or `main`, a plain function."""

# Typer has its own copy of click or uses the installed one, by version; this is UsageError in either.
UsageError: Any = typer.BadParameter.__base__


class LazyGroup(TyperGroup):
    """Shows all commands from the table and imports only the chosen one."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in with the command's name and help, enough for `onevision --help`."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The chosen command itself."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(str(name)), rest


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _load(name: str) -> Any:
    module = import_module(COMMANDS[name][0])
    if hasattr(module, "app"):
        return get_command(module.app)
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(name, context_settings={"help_option_names": ["-h", "--help"]})(module.main)
    return get_command(single)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"onevision {onevision.__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True, epilog="Example: onevision ask daisies.png 'Which number is missing?'")
def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """OneVision: look at a picture, write down what is there, reason, answer."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main(args: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code: 0 done, 2 the input is at fault, 130 interrupted, 1 anything else.

    args: without the program's name; None takes sys.argv. An error of ours is one line on stderr; any other shows
    its traceback.
    """
    try:
        result = app(args=list(sys.argv[1:] if args is None else args), prog_name="onevision", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except UsageError as error:
        return _complain(f"{error.format_message()} (see onevision --help)", 2)
    except OneVisionError as error:
        return _complain(str(error), 2 if isinstance(error, InputError) else 1)
    except (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        return _complain(f"{error.filename}: {error.strerror}", 2)


def _complain(message: str, code: int) -> int:
    print(f"onevision: {' '.join(message.split())}", file=sys.stderr)
    return code
