"""The endpoint engine against a real HTTP server, with our own engine behind it."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from onevision import tasks
from onevision.engine.base import SamplingParams
from onevision.engine.load import load_engine
from onevision.errors import InputError, OneVisionError
from onevision.models.pictures import open_picture
from onevision.models.prompts import messages_for

pytest.importorskip("openai")
GREEDY = SamplingParams(max_new_tokens=12)


class Handler(BaseHTTPRequestHandler):
    """POST /v1/chat/completions, answered by `server.reply(request)`: an HTTP status, or a message."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(request)  # type: ignore[attr-defined]
        reply = self.server.reply(request) if self.path == "/v1/chat/completions" else 404  # type: ignore[attr-defined]
        if isinstance(reply, int):
            return self._send(reply, "application/json", json.dumps({"error": {"message": f"status {reply}"}}))
        if not request.get("stream"):
            choices = [{"index": i, "finish_reason": "stop", "message": {"role": "assistant", **one}} for i, one in enumerate(reply)]
            return self._send(200, "application/json", json.dumps({**HEAD, "object": "chat.completion", "choices": choices}))
        deltas = [{key: text} for key, text in reply[0].items()]
        chunks = [{**HEAD, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
        return self._send(200, "text/event-stream", "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n")

    def _send(self, status: int, kind: str, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: Any) -> None:
        """Silence."""


HEAD = {"id": "1", "created": 1, "model": "m"}


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.requests, made.url = [], f"http://127.0.0.1:{made.server_port}/v1"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()


def ask(server: Any, problem: Any, sampling: SamplingParams = GREEDY, n: int = 1) -> list[str]:
    chat = messages_for(problem.images, problem.question, problem.choices)
    return [one.text for one in asyncio.run(load_engine(f"openai:org/m@{server.url}").generate(chat, sampling, n))]


def opened(message: dict[str, Any]) -> dict[str, Any]:
    """A chat as it came over the wire, with its pictures opened."""
    parts = [
        {"type": "image", "image": open_picture(base64.b64decode(part["image_url"]["url"].partition(",")[2]))}
        if part["type"] == "image_url"
        else part
        for part in message["content"]
    ]
    return {**message, "content": parts}


def test_greedy_answers_equal_the_torch_engines(server: Any, tiny: Any) -> None:
    from onevision.engine.torch import TorchEngine

    engine = TorchEngine(*tiny)
    lock = threading.Lock()

    def reply(request: Any) -> Any:
        with lock:
            chat = [opened(message) for message in request["messages"]]
            (one,) = asyncio.run(
                engine.generate(chat, SamplingParams(max_new_tokens=request["max_tokens"], temperature=request["temperature"]))
            )
        return [{"content": one.text}]

    server.reply = reply
    for name in ("scene", "clock", "chain"):
        problem = tasks.make(name, split="test", levels=(1,), size=(112, 140))[0]
        chat = messages_for(problem.images, problem.question, problem.choices)
        (ours,) = asyncio.run(engine.generate(chat, GREEDY))
        assert ask(server, problem) == [ours.text] and ours.text


PROBLEM = tasks.make("clock", split="test", levels=(1,), size=(112, 112))[0]


def test_what_is_sent_and_how_a_thought_comes_back(server: Any) -> None:
    server.reply = lambda request: [{"content": "<answer>3</answer>", "reasoning_content": "1 + 2 = 3\n"}] * 2
    sampling = SamplingParams(max_new_tokens=9, temperature=0.5, top_p=0.9, seed=7, stop=("x",))
    assert ask(server, PROBLEM, sampling, 2) == ["<think>\n1 + 2 = 3\n</think>\n<answer>3</answer>"] * 2
    (request,) = server.requests
    wanted = {"model": "org/m", "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["x"], "n": 2}
    assert {key: request[key] for key in wanted} == wanted
    sent = opened(request["messages"][0])["content"][0]["image"]
    assert sent.tobytes() == PROBLEM.images[0].tobytes()


def test_streams(server: Any) -> None:
    server.reply = lambda request: [{"reasoning_content": "hm", "content": "3"}]

    async def pieces() -> list[Any]:
        engine = load_engine(f"openai:m@{server.url}")
        return [delta async for delta in engine.stream([{"role": "user", "content": "?"}], GREEDY)]

    deltas = asyncio.run(pieces())
    assert "".join(delta.text for delta in deltas) == deltas[-1].completion.text == "<think>\nhm\n</think>\n3"


def test_trouble_is_retried_and_refusals_are_not(server: Any) -> None:
    replies = iter([500, 429, [{"content": "ok"}]])
    server.reply = lambda request: next(replies)
    assert ask(server, PROBLEM) == ["ok"]
    server.reply = lambda request: 400
    with pytest.raises(InputError, match="refused the request"):
        ask(server, PROBLEM)
    assert len(server.requests) == 4
    server.reply = lambda request: 404
    with pytest.raises(OneVisionError, match="should end in /v1"):
        ask(server, PROBLEM)


def test_specs(tmp_path: Any) -> None:
    from onevision.engine.load import identity

    for wrong in ("openai:", "openai:gpt", "openai:gpt@localhost", "openai:@http://x"):
        with pytest.raises(InputError, match="openai:NAME@URL was expected"):
            load_engine(wrong)
    assert identity("nano") == "nano"
    Image.new("RGB", (9, 9)).save(tmp_path / "model.safetensors", "PNG")
    before = identity(str(tmp_path))
    Image.new("RGB", (19, 9)).save(tmp_path / "model.safetensors", "PNG")
    assert before != identity(str(tmp_path)) and before.startswith(str(tmp_path))
