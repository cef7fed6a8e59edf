"""`onevision export DATASET --format FORMAT --out DIR`."""

from pathlib import Path
from typing import Annotated

import typer

from onevision.errors import InputError
from onevision.forge.export import FORMATS, format_of
from onevision.sources import Rows, open_dataset


def main(
    dataset: Annotated[str, typer.Argument(help="a forge run's folder, or any data set that training takes, e.g. runs/forge-tasks")],
    to: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}, e.g. --format trl")],
    out: Annotated[Path, typer.Option(help="the folder to write to, e.g. --out forge-trl")],
    name: Annotated[str, typer.Option(help="the data set's name there; without it the folder's")] = "",
) -> None:
    """Write a data set in another trainer's format.

    Example: onevision export runs/forge-tasks --format llamafactory --out LLaMA-Factory/data
    """
    module = format_of(to)
    samples = opened(dataset)
    count = module.write(samples, out, name or out.resolve().name)
    typer.echo(f"{out}: {count} samples for {to}")


def opened(dataset: str) -> Rows:
    """The data set. Raises InputError for one that is not there or empty."""
    samples = open_dataset(dataset)
    if not len(samples):
        raise InputError(f"{dataset}: no samples")
    return samples
