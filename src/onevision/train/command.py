"""`onevision train RECIPE.yaml ... [key=value ...]`."""

import os
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from onevision.errors import InputError, MissingPartError
from onevision.store import alone
from onevision.train.recipe import Recipe, load_recipe

RUNNERS = {"see": "see:train_to_see", "sft": "sft:finetune", "grpo": "grpo:reinforce"}
"""Stage -> the module and function that run it; a module is imported only when its stage is asked for."""


def main(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE.yaml ... [key=value ...]",
            help="what to train, on what, and how; several recipes are run one after the other, and key=value takes the place of their "
            "own (max_steps=20%: a fifth of their own)",
        ),
    ],
) -> None:
    """Teach a model as a recipe says. Run the same line again to go on where it stopped.

    Example: onevision train recipes/nano-sft.yaml max_steps=100 output_dir=runs/short
    """
    overrides = [argument for argument in arguments if "=" in argument]
    recipes = [load_recipe(argument, overrides) for argument in arguments if "=" not in argument]
    if not recipes:
        raise InputError("no recipe: onevision train RECIPE.yaml [key=value ...]")
    for recipe in recipes:
        typer.echo(f"done: {run(recipe)}")


def run(recipe: Recipe) -> Path:
    """Train as the recipe says; returns the folder of the finished model. Raises InputError on a mistake in it, and where
    another run is at work in its output_dir."""
    try:
        import accelerate  # noqa: F401
    except ImportError:
        raise MissingPartError("training needs accelerate: pip install 'onevision[train]'") from None
    from onevision.train.callbacks import say
    from onevision.train.precision import suited

    chosen = suited(recipe)
    if chosen != recipe:
        say("bf16: this CPU multiplies float32 faster than bfloat16; float32 takes its place")
    module, _, function = RUNNERS[recipe.stage].partition(":")
    first = os.environ.get("RANK", "0") == "0"  # of torchrun's processes, which share the folder
    with alone(Path(chosen.output_dir)) if first else nullcontext():
        folder: Path = getattr(import_module(f"onevision.train.{module}"), function)(chosen)
    return folder
