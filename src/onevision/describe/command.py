"""`onevision describe IMAGE`: the formal description of a picture alone, and what the checks say of it."""

import json
from typing import Annotated

import typer

from onevision.describe.picture import Described, describe
from onevision.formal import FORMALISMS


def main(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="The picture.")],
    formalism: Annotated[str, typer.Option(help=f"auto, or one of {', '.join(FORMALISMS)}; e.g. --formalism csv")] = "auto",
    model: Annotated[
        str,
        typer.Option(
            help="A model that sees: nano, a folder, a hub id, vllm:ID or openai:NAME@URL, e.g. --model nano; without one it is offline, "
            "but --formalism boxes fetches Grounding DINO"
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, e.g. onevision describe a.png --json")] = False,
) -> None:
    """Write a picture down in a formal language, and check it.

    Example: onevision describe table.png --formalism csv
    """
    described = _describe(image, formalism, model)
    if as_json:
        print(json.dumps(described.as_json(), ensure_ascii=False))
    else:
        _show(described)


def _describe(image: str, formalism: str, model: str) -> Described:
    if not model:
        return describe(image, formalism)
    from onevision.engine.load import load_engine
    from onevision.models.pictures import open_picture

    picture = open_picture(image)  # refuse a bad picture before a model is loaded
    return describe(picture, formalism, load_engine(model), prefer="engine", made_by=model)


def _show(described: Described) -> None:
    """The text on stdout; what it is and what the checks say on stderr, so that the text can be piped."""
    from rich.console import Console

    print(described.description.text)
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(
        f"{described.route.kind}: {described.route.reason}; {described.description.formalism} by {described.description.made_by}",
        style="dim",
    )
    for check in described.checks:
        console.print(f"{check.name}: {'yes' if check.valid else 'NO'}, {check.reason}", style="dim" if check.valid else "bold red")
