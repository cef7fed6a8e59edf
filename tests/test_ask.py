"""Asking in Python: piece by piece, and many at once."""

import dataclasses
from typing import Any

import pytest
from PIL import Image

import onevision as ov
from onevision.ask import BATCH, Answer, Model
from onevision.engine.torch import TorchEngine
from onevision.errors import InputError
from onevision.models.pieces import Answering, Thinking
from onevision.types import Description

TEXT = "<think>\n```csv\na,b\n1,2\n```\n1 + 2 = 3\n</think>\n<answer>3</answer>"


class Scripted:
    """An engine that says one text, a character at a time, and knows when it was stopped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.said = 0
        self.closed = False

    def deltas(self, messages: Any, sampling: Any) -> Any:
        from onevision.engine.base import Delta
        from onevision.types import Completion

        try:
            for character in self.text:
                self.said += 1
                yield Delta(character)
            yield Delta("", Completion(self.text, (1, 2), (0.0, 0.0), "stop"))
        finally:
            self.closed = True


@pytest.fixture
def picture() -> Image.Image:
    return Image.new("RGB", (40, 40), "white")


@pytest.fixture(scope="module")
def model(tiny: tuple[Any, Any]) -> Model:
    return Model("tiny", TorchEngine(*tiny))


def test_stream_gives_thought_description_answer_and_the_whole(picture: Image.Image) -> None:
    engine: Any = Scripted(TEXT)
    *pieces, whole = Model("scripted", engine).stream(picture, "Sum?")
    kinds = [kind for kind, before in zip(map(type, pieces), [None, *map(type, pieces)], strict=False) if kind is not before]
    assert kinds == [Thinking, Description, Thinking, Answering]
    assert isinstance(whole, Answer)
    assert "".join(piece.text for piece in pieces if isinstance(piece, Thinking)) == whole.reasoning
    assert [piece for piece in pieces if isinstance(piece, Description)] == [whole.description]
    assert whole == dataclasses.replace(Model("scripted", engine).ask(picture, "Sum?"), seconds=whole.seconds)


def test_closing_the_stream_stops_the_model(picture: Image.Image) -> None:
    engine: Any = Scripted(TEXT)
    pieces = Model("scripted", engine).stream(picture, "Sum?")
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert engine.closed and engine.said < len(TEXT) / 2


def test_bad_input_is_refused_before_the_stream_begins(model: Model, picture: Image.Image) -> None:
    with pytest.raises(InputError, match="question is empty"):
        model.stream(picture, " ")
    with pytest.raises(InputError, match="not a picture"):
        model.stream(b"words", "What?")
    with pytest.raises(InputError, match="temperature is -1"):
        model.stream(picture, "What?", temperature=-1)
    with pytest.raises(InputError, match="context holds 512"):
        list(model.stream(picture, "word " * 700))


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.0, "seed": 5}])
def test_a_batch_says_what_each_question_alone_says(model: Model, sampling: dict[str, Any]) -> None:
    sizes = [(60, 60), (120, 90), (60, 60), (200, 60), (28, 28)]
    questions = [(Image.effect_noise(size, 90), f"How many, {i}?") for i, size in enumerate(sizes)]
    several = model.batch([*questions, (questions[0][0], "Which?", ["red", "blue"])], max_new_tokens=6, **sampling)
    alone = [model.ask(*asked, max_new_tokens=6, **sampling) for asked in questions]
    assert [one.completion.token_ids for one in several[:-1]] == [one.completion.token_ids for one in alone]
    assert len({one.completion.text for one in several}) > 1


def test_a_batch_really_batches(model: Model, picture: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    generate = TorchEngine.generate_batch

    def watched(self: Any, chats: Any, *rest: Any) -> Any:
        sizes.append(len(chats))
        return generate(self, chats, *rest)

    monkeypatch.setattr(TorchEngine, "generate_batch", watched)
    answers = model.batch([(picture, "What?")] * (BATCH + 3), max_new_tokens=1)
    assert sizes == [BATCH, 3] and len({answer.completion.token_ids for answer in answers}) == 1
    assert model.batch([]) == []


def test_nano_streams_its_answer_to_the_example() -> None:
    task = ov.task("two_circles", split="test", seed=0, levels=(1,), size=(112, 112))
    *pieces, whole = ov.load("nano").stream(task[0].images, task[0].question, max_new_tokens=64)
    assert isinstance(whole, Answer) and whole.answer in ("Yes", "No")
    assert sum(isinstance(piece, Description) for piece in pieces) == 1
