"""A model to ask, in Python and on the command line."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from PIL.Image import Image

from onevision.answers import extract
from onevision.engine.base import SamplingParams
from onevision.engine.chat import images_of
from onevision.errors import InputError
from onevision.models.pictures import open_picture
from onevision.models.pieces import Answering, Piece, Splitter, Thinking
from onevision.models.prompts import messages_for, parse
from onevision.types import Completion, Description, Message

if TYPE_CHECKING:
    from onevision.engine.torch import LocalEngine

Picture = str | Path | bytes | Image
Asked = tuple[Picture | Sequence[Picture], str] | tuple[Picture | Sequence[Picture], str, Sequence[str] | None]

BATCH = 32
"""Questions that are computed together."""


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
    engine: "LocalEngine"

    def ask(self, images: Picture | Sequence[Picture], question: str, choices: Sequence[str] | None = None, **sampling: Any) -> Answer:
        """Answer a question about one or more pictures.

        images: paths, file bytes or Pillow pictures. choices: options without letters. sampling: fields of
        SamplingParams, such as temperature=0.7, seed=1.
        Raises InputError for a bad picture, an empty question, or a prompt longer than the model's context.
        """
        *_, answer = self.stream(images, question, choices, **sampling)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self, images: Picture | Sequence[Picture], question: str, choices: Sequence[str] | None = None, **sampling: Any
    ) -> Iterator[Piece | Answer]:
        """`ask` piece by piece: Thinking texts, the Description once it is whole, Answering texts, and the whole Answer last.

        Closing the iterator stops the model. Raises InputError as `ask` does, a bad picture or question at once.
        """
        return self._pieces(_chat(images, question, choices), SamplingParams(**sampling))

    def batch(self, questions: Sequence[Asked], **sampling: Any) -> list[Answer]:
        """Answers to many questions, in their order; the model computes up to 32 at a time, pictures of like size together.

        questions: what `ask` takes, as tuples (images, question) or (images, question, choices). Each answer is what `ask`
        with the same sampling gives, but for the last bits of floating point; seconds are its batch's.
        Raises InputError as `ask` does when one of them is at fault.
        """
        params = SamplingParams(**sampling)
        chats = [_chat(*asked) for asked in questions]
        order = sorted(range(len(chats)), key=lambda i: sum(image.width * image.height for image in images_of(chats[i])))
        answers: dict[int, Answer] = {}
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            start = time.perf_counter()
            seeds = [params.seed] * len(places) if params.seed is not None else ()
            completions = self.engine.generate_batch([chats[i] for i in places], params, seeds)
            seconds = time.perf_counter() - start
            answers |= {i: self._answer(completion, seconds) for i, completion in zip(places, completions, strict=True)}
        return [answers[i] for i in range(len(chats))]

    def _pieces(self, messages: list[Message], params: SamplingParams) -> Iterator[Piece | Answer]:
        start, splitter, completion = time.perf_counter(), Splitter(), None
        for delta in self.engine.deltas(messages, params):
            yield from splitter.push(delta.text)
            completion = delta.completion
        yield from splitter.finish()
        assert completion is not None
        yield self._answer(completion, time.perf_counter() - start)

    def _answer(self, completion: Completion, seconds: float) -> Answer:
        parsed = parse(completion.text)
        found = extract(completion.text).answer
        return Answer(found, parsed.reasoning, parsed.description, completion, self.name, seconds)


def _chat(images: Picture | Sequence[Picture], question: str, choices: Sequence[str] | None = None) -> list[Message]:
    several = [images] if isinstance(images, str | Path | bytes | Image) else images
    return messages_for([open_picture(image) for image in several], question, choices)


def load(model: str | Path = "nano", device: str = "auto", dtype: str = "auto", compiled: bool = False) -> Model:
    """Load a model to ask: "nano", a local folder or a hub id; device, dtype and compiled as for `engine.load.load_local`."""
    from onevision.engine.load import load_local

    return Model(str(model), load_local(model, device, dtype, compiled))


def main(
    inputs: Annotated[list[str], typer.Argument(metavar="IMAGE... QUESTION", help="Pictures, then the question.")],
    model: Annotated[str, typer.Option(help="nano, a local folder or a hub id, e.g. --model Fancy-MLLM/R1-Onevision-7B")] = "nano",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, e.g. onevision ask a.png 'How many?' --json")] = False,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer in tokens, e.g. --max-new-tokens 256")] = 1024,
    seed: Annotated[int | None, typer.Option(help="Makes a sampled answer repeatable, e.g. --seed 7")] = None,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token, e.g. --temperature 0.7")] = 0.0,
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16, float16, or int8 for nano on a CPU, e.g. --dtype int8")] = "auto",
) -> None:
    """Answer a question about one or more pictures.

    Example: onevision ask daisies.png "Which number do you have to write in the last daisy?"
    """
    sampling: dict[str, Any] = {"max_new_tokens": max_new_tokens, "seed": seed, "temperature": temperature}
    SamplingParams(**sampling)  # refuse bad numbers before a model is loaded
    *paths, question = _pictures_and_question(inputs)
    pictures = [open_picture(path) for path in paths]
    asked = load(model, dtype=dtype)
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
    thought = said = ""
    for piece in model.stream(pictures, question, **sampling):
        if isinstance(piece, Thinking):
            thought += piece.text
            console.print(piece.text, style="dim", end="")
        elif isinstance(piece, Answering):
            said += piece.text
        elif isinstance(piece, Answer):
            console.print("\n" if thought else "", end="")
            # Other models wrap the answer in sentences, or in a box.
            console.print(f"{said}\n" if said.strip() not in ("", piece.answer) else "", end="")
            console.print(f"Answer: {piece.answer or '(none found)'}", style="bold green")
