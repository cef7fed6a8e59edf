"""The load for servers of OpenAI's API: clients that each send one request after the other, and what they saw.

No HTTP library: the clients share the machine with the server, and should cost it as little as they can.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image
from tokenizers import Tokenizer

from onevision import tasks
from onevision.engine.openai import data_url
from onevision.models.load import nano_folder

KINDS = ("chain", "table_lookup", "bar_chart", "metro_paths")
LONG = 80
"""Tokens of an answer, `<think>` and all."""


@dataclass(frozen=True)
class Seen:
    """One request. first, whole: seconds to the first token and to the last; tokens: as the server counts; status: of HTTP."""

    status: int
    first: float
    whole: float
    tokens: int


def problems(count: int, pixels: int) -> list[tuple[Image.Image, str]]:
    """Pictures of several kinds that all differ, and a question about each, so that no server can remember an answer's beginning.
    What is right to say is longer than the 64 tokens that are asked for, so that no side writes on behind its answer's end."""
    several = [tasks.make(name, split="test", seed=7, levels=(3, 4), size=(pixels, pixels)) for name in KINDS]
    tokenizer = Tokenizer.from_file(str(nano_folder() / "tokenizer.json"))
    drawn = (task.sample(index) for index in itertools.count() for task in several)
    long = (one.problem for one in drawn if len(tokenizer.encode(str(one.messages[-1]["content"])).ids) > LONG)
    return [(one.images[0].resize((pixels, pixels)), one.question) for one in itertools.islice(long, count)]


def body(problem: tuple[Image.Image, str], tokens: int, stream: bool = True, **more: Any) -> bytes:
    """A request that is answered greedily. more: fields that a server takes besides."""
    content = [{"type": "image_url", "image_url": {"url": data_url(problem[0])}}, {"type": "text", "text": problem[1]}]
    ask = {"model": "nano", "messages": [{"role": "user", "content": content}], "max_tokens": tokens, "temperature": 0}
    how = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return json.dumps(ask | how | more).encode()


async def ask(port: int, request: bytes) -> Seen:
    """Send one request, read its events."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(request)}\r\n\r\n"
    try:
        writer.write(head.encode() + request)
        status = int((await reader.readline()).split()[1])
        first, tokens = 0.0, 0
        async for line in reader:
            if not first and (b'"content":"' in line or b'"reasoning_content":"' in line or b'"content": "' in line) and not _empty(line):
                first = time.perf_counter() - begun
            if b'"completion_tokens"' in line and line.startswith(b"data: "):
                usage = json.loads(line[6:])["usage"]
                tokens = usage["completion_tokens"] if usage else tokens
        return Seen(status, first, time.perf_counter() - begun, tokens)
    finally:
        writer.close()


def _empty(line: bytes) -> bool:
    """An event that only says who speaks."""
    delta = json.loads(line[6:])["choices"][0]["delta"]
    return not any(delta.get(name) for name in ("content", "reasoning_content", "reasoning"))


async def load(port: int, requests: Sequence[bytes], clients: int) -> tuple[list[Seen], float]:
    """All requests by so many clients; what they saw, and the seconds it took in all."""
    waiting, seen = list(requests)[::-1], []

    async def client() -> None:
        while waiting:
            seen.append(await ask(port, waiting.pop()))

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return seen, time.perf_counter() - begun
