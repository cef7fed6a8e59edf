"""`onevision train RECIPE.yaml [key=value ...]`."""

from pathlib import Path

from onevision.errors import InputError
from onevision.train.recipe import Recipe, load_recipe


def main(recipe: str, overrides: list[str] | None = None) -> None:
    """Run a recipe; run it again to go on where it stopped. Raises InputError on a mistake in the recipe."""
    run(load_recipe(recipe, overrides))


def run(recipe: Recipe) -> Path:
    """Train as the recipe says; returns the folder of the finished model."""
    if recipe.stage == "see":
        from onevision.train.see import train_to_see

        return train_to_see(recipe)
    if recipe.stage == "sft":
        from onevision.train.sft import finetune

        return finetune(recipe)
    raise InputError(f"unknown stage {recipe.stage!r}")
