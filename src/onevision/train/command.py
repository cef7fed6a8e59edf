"""`onevision train RECIPE.yaml [key=value ...]`."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from onevision.errors import MissingPartError
from onevision.train.recipe import Recipe, load_recipe

RUNNERS = {"see": "see:train_to_see", "sft": "sft:finetune", "grpo": "grpo:reinforce"}
"""Stage -> the module and function that run it; a module is imported only when its stage is asked for."""


def main(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE.yaml", help="what to train, on what, and how")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="key=value ...", help="take the place of the recipe's own")] = None,
) -> None:
    """Teach a model as a recipe says. Run the same line again to go on where it stopped.

    Example: onevision train recipes/nano-sft.yaml max_steps=100 output_dir=runs/short
    """
    folder = run(load_recipe(recipe, overrides))
    typer.echo(f"done: {folder}")


def run(recipe: Recipe) -> Path:
    """Train as the recipe says; returns the folder of the finished model. Raises InputError on a mistake in it."""
    try:
        import accelerate  # noqa: F401
    except ImportError:
        raise MissingPartError("training needs accelerate: pip install 'onevision[train]'") from None
    module, _, function = RUNNERS[recipe.stage].partition(":")
    folder: Path = getattr(import_module(f"onevision.train.{module}"), function)(recipe)
    return folder
