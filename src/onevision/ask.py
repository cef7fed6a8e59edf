"""A model to ask, in Python and on the command line."""

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from PIL.Image import Image

from onevision.answers import extract
from onevision.engine.base import SamplingParams
from onevision.errors import InputError
from onevision.models.pictures import open_picture
from onevision.models.prompts import messages_for, parse
from onevision.types import Completion, Description

if TYPE_CHECKING:
    from onevision.engine.torch import TorchEngine

Picture = str | Path | bytes | Image


@dataclass(frozen=True)
class Answer:
    """What a model said. answer: None where none could be found in the text; reasoning: the think block;
    description: the formal one inside it, if any; seconds: from the opened pictures to the last token."""

    answer: str | None
    reasoning: str
    description: Description | None
    completion: Completion
    model: str
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The object that `onevision ask --json` prints."""
        return {
            "answer": self.answer,
            "reasoning": self.reasoning,
            "description": self.description.text if self.description else None,
            "model": self.model,
            "tokens": len(self.completion.token_ids),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Model:
    """A loaded model with its engine."""

    name: str
    engine: "TorchEngine"

    def ask(
        self,
        images: Picture | Sequence[Picture],
        question: str,
        choices: Sequence[str] | None = None,
        on_text: Callable[[str], None] | None = None,
        **sampling: Any,
    ) -> Answer:
        """Answer a question about one or more pictures.

        images: paths, file bytes or Pillow pictures. choices: options without letters. on_text is called with every
        piece of text as it comes. sampling: fields of SamplingParams, such as temperature=0.7, seed=1.
        Raises InputError for a bad picture, an empty question, or a prompt longer than the model's context.
        """
        params = SamplingParams(**sampling)
        several = [images] if isinstance(images, str | Path | bytes | Image) else images
        messages = messages_for([open_picture(image) for image in several], question, choices)
        start = time.perf_counter()
        for delta in self.engine.deltas(messages, params):
            if on_text and delta.text:
                on_text(delta.text)
        assert delta.completion is not None
        return self._answer(delta.completion, time.perf_counter() - start)

    def _answer(self, completion: Completion, seconds: float) -> Answer:
        parsed = parse(completion.text)
        found = extract(completion.text).answer
        return Answer(found, parsed.reasoning, parsed.description, completion, self.name, seconds)


def load(model: str | Path = "nano", device: str = "auto", dtype: str = "auto") -> Model:
    """Load a model to ask: "nano", a local folder or a hub id; device and dtype as in `models.load.load_model`."""
    from onevision.engine.torch import TorchEngine
    from onevision.models.load import load_model

    return Model(str(model), TorchEngine(*load_model(model, device, dtype)))


def main(
    inputs: Annotated[list[str], typer.Argument(metavar="IMAGE... QUESTION", help="Pictures, then the question.")],
    model: Annotated[str, typer.Option(help="nano, a local folder or a hub id, e.g. --model Fancy-MLLM/R1-Onevision-7B")] = "nano",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, e.g. onevision ask a.png 'How many?' --json")] = False,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer in tokens, e.g. --max-new-tokens 256")] = 1024,
    seed: Annotated[int | None, typer.Option(help="Makes a sampled answer repeatable, e.g. --seed 7")] = None,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token, e.g. --temperature 0.7")] = 0.0,
) -> None:
    """Answer a question about one or more pictures.

    Example: onevision ask daisies.png "Which number do you have to write in the last daisy?"
    """
    sampling: dict[str, Any] = {"max_new_tokens": max_new_tokens, "seed": seed, "temperature": temperature}
    SamplingParams(**sampling)  # refuse bad numbers before a model is loaded
    *paths, question = _pictures_and_question(inputs)
    pictures = [open_picture(path) for path in paths]
    asked = load(model)
    if as_json:
        print(json.dumps(asked.ask(pictures, question, **sampling).as_json(), ensure_ascii=False))
    else:
        _show(asked, pictures, question, sampling)


def _pictures_and_question(inputs: list[str]) -> list[str]:
    """The inputs, when they are pictures followed by a question."""
    if not inputs[-1].strip():
        raise InputError("the question is empty; ask something about the picture")
    if len(inputs[-1]) < 256 and Path(inputs[-1]).is_file():
        raise InputError(f"the last argument must be the question, but '{inputs[-1]}' is a file")
    if len(inputs) < 2:
        raise InputError("give at least one picture before the question: onevision ask IMAGE QUESTION")
    return inputs


def _show(model: Model, pictures: list[Image], question: str, sampling: dict[str, Any]) -> None:
    """Stream the reasoning dimmed, then the answer; Rich leaves styles away when stdout is no terminal."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    shown = _Visible()
    answer = model.ask(pictures, question, on_text=lambda piece: console.print(shown.push(piece), style="dim", end=""), **sampling)
    console.print("\n" if shown.text and not shown.text.endswith("\n") else "", end="")
    console.print(f"Answer: {answer.answer or '(none found)'}", style="bold green")


class _Visible:
    """The reasoning as it streams, without its tags and without the answer, which is shown apart."""

    def __init__(self) -> None:
        self.raw = ""
        self.text = ""

    def push(self, piece: str) -> str:
        """The newly visible text."""
        self.raw += piece
        # What might be the beginning of a tag waits for its end.
        sure = re.sub(r"</?[a-z]*$", "", self.raw.partition("<answer>")[0])
        text = re.sub(r"</?think>\n?", "", sure)
        new, self.text = text[len(self.text) :], text
        return new
