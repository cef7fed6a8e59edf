"""An OpenAI-compatible endpoint that misbehaves on purpose, on the standard library alone.

It answers POST /v1/chat/completions after `delay` seconds, from the request alone, so that every run gets the same answers
whatever goes wrong on the way.
"""

import asyncio
import hashlib
import json
import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

FAULTS = ("429", "500", "503", "stall", "half", "garbled", "closed")
"""429 with Retry-After, errors, no answer in time, a body cut off in the middle, invalid JSON, the connection closed at once."""


@dataclass
class Endpoint:
    """say: the request's messages -> the answer's text. faults: the share of requests that meet one. stall: seconds that a
    stalled request is held. dead: (first, last) seconds after the start during which every connection is closed."""

    say: Callable[[list[dict[str, Any]]], str]
    delay: float = 0.0
    faults: float = 0.0
    stall: float = 3.0
    dead: tuple[float, float] = (0.0, 0.0)
    seed: int = 0
    answered: list[str] = field(default_factory=list)
    running: int = 0
    most: int = 0
    busy: float = 0.0
    first: float = 0.0
    last: float = 0.0

    def __post_init__(self) -> None:
        self.rng, self.started = random.Random(self.seed), time.monotonic()

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        return await asyncio.start_server(self._connection, host, port, limit=1 << 26)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length:\s*(\d+)", head, re.I)
                body = await reader.readexactly(int(length[1]) if length else 0)
                if head.startswith(b"GET"):
                    await self._send(writer, 200, json.dumps(self.figures()))
                elif not head.startswith(b"POST /v1/chat/completions "):
                    await self._send(writer, 404, '{"error": {"message": "no such path"}}')
                elif not await self._answer(writer, body):
                    break
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes) -> bool:
        """Whether the connection may be used again."""
        now = time.monotonic() - self.started
        if self.dead[0] <= now < self.dead[1]:
            return False
        fault = self.rng.choice(FAULTS) if self.rng.random() < self.faults else ""
        if fault in ("429", "500", "503"):
            await self._send(writer, int(fault), '{"error": {"message": "on purpose"}}', "Retry-After: 0.2\r\n" if fault == "429" else "")
            return True
        if fault == "closed":
            return False
        if fault == "stall":
            await asyncio.sleep(self.stall)
            return False
        return await self._complete(writer, body, fault)

    async def _complete(self, writer: asyncio.StreamWriter, body: bytes, fault: str) -> bool:
        start = time.monotonic()
        self.first = self.first or start
        self.running += 1
        self.most = max(self.most, self.running)
        request = json.loads(body)
        text = self.say(request["messages"])
        try:
            await asyncio.sleep(max(0.0, self.delay - (time.monotonic() - start)))
        finally:
            self.last = time.monotonic()
            self.running -= 1
            self.busy += self.last - start
        answer = json.dumps(completion(text, request))
        if fault == "garbled":
            await self._send(writer, 200, answer.replace('"', "'"))
            return True
        if fault == "half":
            await self._send(writer, 200, answer, cut=True)
            return False
        await self._send(writer, 200, answer)
        self.answered.append(hashlib.sha256(body).hexdigest())
        return True

    async def _send(self, writer: asyncio.StreamWriter, status: int, body: str, more: str = "", cut: bool = False) -> None:
        data = body.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n{more}\r\n"
        writer.write(head.encode() + (data[: len(data) // 2] if cut else data))
        await writer.drain()

    def figures(self) -> dict[str, float]:
        """GET of anything: what was answered, how many requests ran at a time, and their seconds from first to last."""
        return {
            "answered": len(self.answered),
            "different": len(set(self.answered)),
            "most": self.most,
            "busy": self.busy,
            "span": self.last - self.first,
        }


def completion(text: str, request: dict[str, Any]) -> dict[str, Any]:
    choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]
    usage = {"prompt_tokens": len(json.dumps(request["messages"])) // 4, "completion_tokens": len(text) // 4}
    head = {"id": "1", "object": "chat.completion", "created": 1, "model": request["model"]}
    return {**head, "choices": choices, "usage": usage | {"total_tokens": sum(usage.values())}}


def words(messages: list[dict[str, Any]]) -> str:
    """All texts of a request."""
    contents = [message["content"] for message in messages]
    return "\n".join(content if isinstance(content, str) else "\n".join(p.get("text", "") for p in content) for content in contents)


def picture(messages: list[dict[str, Any]]) -> str:
    """The first picture's data URL, "" without one."""
    parts = (part for message in messages if isinstance(message["content"], list) for part in message["content"])
    return next((part["image_url"]["url"] for part in parts if part["type"] == "image_url"), "")
