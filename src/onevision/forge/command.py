"""`onevision forge RECIPE.yaml [key=value ...]`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer


def main(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE.yaml", help="sources, steps and whom they ask, e.g. recipes/forge-tasks.yaml")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="key=value ...", help="take the place of the recipe's own")] = None,
    engine: Annotated[Literal["auto", "ray"], typer.Option(help="ray: the same steps on the machines of a Ray cluster")] = "auto",
) -> None:
    """Make a reasoning data set from pictures with questions; the same line again goes on where it stopped.

    Example: onevision forge recipes/forge-tasks.yaml
    """
    from onevision.forge.recipe import load_recipe

    loaded = load_recipe(recipe, overrides)
    if engine == "ray":
        from onevision.forge.cluster import forge_on_ray

        totals = forge_on_ray(loaded)
    else:
        from onevision.forge.run import forge

        totals = forge(loaded)
    show(loaded.output_dir, totals)


def show(folder: str, totals: Mapping[str, Any]) -> None:
    """What a run came to, for people."""
    from onevision.report.tables import show as table

    items = totals["items"]
    kept, dropped = items.get("kept", 0), items.get("dropped", 0)
    table(f"{folder}: {kept} samples of {kept + dropped} items", ("dropped by", "items"), list(totals["dropped"].items()))
    for name, one in totals.get("endpoints", {}).items():
        tokens = f"{one['prompt_tokens']} + {one['completion_tokens']} tokens"
        sent = f"{one['sent']} sent, {one['failed']} of them failed"
        print(f"endpoint {name}: {one['answers']} answers, {tokens}, cost {one['cost']:g}; {sent}")
    print(f"samples: {folder}/data; the others, with reasons: {folder}/dropped; look at them: onevision report {folder}")
