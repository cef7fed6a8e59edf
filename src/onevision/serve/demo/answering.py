"""One question's way through the page: what is shown, from the first token to the last."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from PIL.Image import Image

from onevision.answers import extract
from onevision.engine.base import Delta, SamplingParams
from onevision.errors import InputError, OneVisionError
from onevision.models.pictures import open_picture
from onevision.models.pieces import Answering, Splitter, Thinking
from onevision.models.prompts import messages_for, parse
from onevision.serve.demo import draw
from onevision.serve.demo.shelf import Shelf
from onevision.types import Completion, Description

EVERY_SECONDS = 0.08
"""How often the page changes while a text streams; an eye sees no more, and every change travels."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """The page's parts as HTML. answer: large, or the error; note: what is going on."""

    answer: str = ""
    note: str = ""
    description: str = ""
    steps: str = ""


async def views(shelf: Shelf, picture: str | None, question: str, model: str, **sampling: Any) -> AsyncIterator[View]:
    """What to show, again and again until the answer is there. picture: path of the uploaded file. Never raises: an error is
    shown as one kind line, and what was already seen stays."""
    view = View(note=draw.note("Looking at the picture …"))
    yield view
    try:
        async with aclosing(_answered(shelf, picture, question, model, SamplingParams(**sampling))) as stream:
            async for view in stream:
                yield view
    except OneVisionError as error:
        yield replace(view, answer=draw.error(str(error)), note="")
    except Exception:
        log.exception("the demo failed")
        yield replace(view, answer=draw.error("something went wrong on the server, and was logged there; ask again, please"), note="")


async def _answered(shelf: Shelf, path: str | None, question: str, model: str, sampling: SamplingParams) -> AsyncGenerator[View, None]:
    if path is None:
        raise InputError("there is no picture yet; drop one, or choose an example")
    picture = await asyncio.to_thread(_open, path)
    messages = messages_for([picture], question)
    engine = await shelf.engine(model)
    growing, start = _Growing(picture), time.perf_counter()
    # The text comes in a task of its own, so that a model that pauses is not shown as it was before its last words.
    reading = asyncio.create_task(growing.read(engine.stream(messages, sampling)))
    try:
        while not reading.done():
            await asyncio.wait([reading], timeout=EVERY_SECONDS)
            if growing.text:
                yield growing.view()
        yield growing.end(reading.result(), model, time.perf_counter() - start)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def _open(path: str) -> Image:
    """The upload's own name would be a path of the server's: it is left out of what is said about it."""
    with open(path, "rb") as file:  # noqa: PTH123
        return open_picture(file.read())


class _Growing:
    """What has come so far."""

    def __init__(self, picture: Image) -> None:
        self.picture = picture
        self.splitter = Splitter()
        self.thought = self.said = self.text = ""
        self.whole: Description | None = None
        self.drawn = ""

    async def read(self, deltas: AsyncIterator[Delta]) -> Completion:
        """Take in a stream to its end."""
        completion = None
        async with aclosing(deltas):  # type: ignore[type-var]
            async for delta in deltas:
                self.text += delta.text
                await self._sort(self.splitter.push(delta.text))
                completion = delta.completion
        await self._sort(self.splitter.finish())
        assert completion is not None
        return completion

    async def _sort(self, pieces: list[Any]) -> None:
        for piece in pieces:
            if isinstance(piece, Thinking):
                self.thought += piece.text
            elif isinstance(piece, Answering):
                self.said += piece.text
            else:
                self.whole = piece
                self.drawn = await asyncio.to_thread(draw.description, piece, self.picture)

    def view(self) -> View:
        """The state in the middle of it."""
        parsed = parse(self.thought)
        if self.whole is None and parsed.description is not None:
            self.drawn = draw.growing(parsed.description)
        note = "Answering …" if self.said else "Thinking …" if self.whole or parsed.steps else "Writing down what it sees …"
        return View(draw.answer(self.said) if self.said else "", draw.note(note), self.drawn, draw.steps(parsed.steps))

    def end(self, completion: Completion, model: str, seconds: float) -> View:
        """The state at the end of it."""
        view = self.view()
        found = extract(self.text).answer
        tokens = f"{len(completion.token_ids)} tokens, " if completion.token_ids else ""
        cut = ", cut off at the longest answer allowed (see Settings)" if completion.stop == "length" else ""
        return replace(view, answer=draw.answer(found, self.said), note=draw.note(f"{model}: {tokens}{seconds:.1f} s{cut}"))
