"""The demo on a loopback port, over an engine that says what it is told to."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from onevision.engine.base import Delta, SamplingParams
from onevision.engine.chat import text_of
from onevision.errors import InputError
from onevision.types import Completion, Message

TABLE = "label,value\nIda,5\nBen,2\nTom,6"
TEXT = f"<think>\n```csv\n{TABLE}\n```\nTom: 6\nso it is 6\n</think>\n<answer>6</answer>"


class Scripted:
    """Says `text`; where the text holds "‖" it waits until `go` is set. A question with "long" does not fit its context."""

    def __init__(self, text: str = TEXT) -> None:
        self.text = text
        self.go = threading.Event()
        self.began = self.ended = 0
        self.asked: list[tuple[Sequence[Message], SamplingParams]] = []

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        raise NotImplementedError

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        if "long" in text_of(messages[-1]):
            raise InputError("the prompt has 999 tokens but the model's context holds 512; ask a shorter question")
        self.asked.append((messages, sampling))
        self.began += 1
        try:
            for character in self.text:
                while character == "‖" and not self.go.is_set():
                    await asyncio.sleep(0.01)
                if character != "‖":
                    yield Delta(character)
            text = self.text.replace("‖", "")
            yield Delta("", Completion(text, tuple(range(12)), (0.0,) * 12, "stop"))
        finally:
            self.ended += 1


@contextmanager
def served(engine: Any, others: Sequence[str] = ()) -> Iterator[str]:
    """The page's address while it is served from a thread."""
    import uvicorn
    from fastapi import FastAPI

    from onevision.serve.demo import mount

    app = FastAPI()
    mount(app, engine, "scripted", others)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
