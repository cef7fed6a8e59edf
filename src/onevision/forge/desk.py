"""Where steps ask: an answer kept from before, one that is on its way, or a new one."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from onevision.engine.base import SamplingParams
from onevision.forge.cache import Cache, Said
from onevision.forge.line import Line
from onevision.forge.recipe import Endpoint
from onevision.store import content_id
from onevision.types import Message

__all__ = ["Asker", "Desk", "Said", "key_of"]


class Asker(Protocol):
    """Whom a step asks."""

    async def ask(self, endpoint: str, messages: Sequence[Message], sampling: SamplingParams) -> Said: ...


class Desk:
    """The endpoints of a run and the cache of their answers. It belongs to one event loop."""

    def __init__(self, endpoints: Mapping[str, Endpoint], cache: Cache) -> None:
        self.cache = cache
        self.lines = {name: Line(name, spec) for name, spec in endpoints.items()}
        self._under_way: dict[str, asyncio.Future[Said]] = {}
        for name, line in self.lines.items():
            cache.adopt(name, line.model)
            _, prompt, completion = cache.totals().get(name, (0, 0, 0))
            line.spent = line.price(prompt, completion)

    async def ask(self, endpoint: str, messages: Sequence[Message], sampling: SamplingParams) -> Said:
        """One completion; the same request twice is sent once. Raises as `Line.ask`."""
        line = self.lines[endpoint]
        key = key_of(line.model, messages, sampling)
        if kept := self.cache.get(key):
            return kept
        if key not in self._under_way:
            self._under_way[key] = asyncio.ensure_future(self._fetch(line, key, messages, sampling))
            self._under_way[key].add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(self._under_way[key])

    async def _fetch(self, line: Line, key: str, messages: Sequence[Message], sampling: SamplingParams) -> Said:
        said = await line.ask(messages, sampling)
        self.cache.put(key, said)
        return said

    async def close(self) -> None:
        """Close the endpoints' connections and the cache. Nothing more is sent; what was sent is paid for, so its answer is
        waited for, no longer than the endpoint's timeout, and kept."""
        for line in self.lines.values():
            line.closed = True
        if sent := {task for line in self.lines.values() for task in line.sent}:
            print(f"waiting for {len(sent)} answers that are paid for; Ctrl-C leaves them", file=sys.stderr)
            await asyncio.wait(sent, timeout=max(line.spec.timeout for line in self.lines.values()))
        for line in self.lines.values():
            if hasattr(line.engine, "close"):
                await line.engine.close()
        self.cache.close()

    def figures(self) -> dict[str, dict[str, Any]]:
        """Endpoint -> answers, tokens and cost of all runs, and what this run sent and what of that failed."""
        totals = self.cache.totals()
        figures = {}
        for name, line in self.lines.items():
            count, prompt, completion = totals.get(name, (0, 0, 0))
            spent = {
                "answers": count,
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "cost": round(line.price(prompt, completion), 6),
            }
            figures[name] = {"model": line.model, **spent, "sent": line.asked, "failed": line.failed}
        return figures


def key_of(model: str, messages: Sequence[Message], sampling: SamplingParams) -> str:
    """What an answer depends on, as one hash: the model's name, the words, the pictures' bytes, how tokens are picked; not the
    URL, so that a server may move."""
    words = json.dumps([messages, asdict(sampling)], sort_keys=True, default=_digest)
    return content_id(model, words)


def _digest(picture: Any) -> str:
    """A picture in a message: bytes of a file, or a Pillow picture."""
    return hashlib.sha256(picture if isinstance(picture, bytes) else repr(picture.size).encode() + picture.tobytes()).hexdigest()
