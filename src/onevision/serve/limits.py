"""What is checked before a request is understood: the key, the size of its body, and that it comes in time."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from onevision.serve.errors import Refusal, error_reply
from onevision.serve.metrics import Metrics
from onevision.serve.settings import Settings

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
GUARDED = ("/v1", "/metrics")

LINGER_SECONDS = 1.0

# Bodies in memory at a time, in units of the largest one that is allowed.
_BODIES = 16


class Limits:
    """ASGI middleware for the API's paths: a request goes on once its body is there. All other paths pass: they are the
    demo's, which has its own limits."""

    def __init__(self, app: Any, settings: Settings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics
        self.budget = _BODIES * settings.max_body

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Refuse, or read the body and pass on."""
        if scope["type"] != "http" or not guarded(scope["path"]):
            return await self.app(scope, receive, send)
        body, counting = bytearray(), self._counting(scope, send)
        try:
            check_key(scope, self.settings.api_keys)
            check_head(scope, self.settings)
            await self._read(receive, body)
            await self.app(scope, _replay(bytes(body), receive), counting)
        except Refusal as refusal:
            await _send(refusal, receive, counting, self.settings.max_body)
        except Gone:
            pass
        finally:
            self.budget += len(body)

    async def _read(self, receive: Receive, body: bytearray) -> None:
        """Raises Refusal for a body that is too large or too slow, or when too much is being read at a time."""
        seconds, more = self.settings.read_timeout, True
        try:
            async with asyncio.timeout(seconds):
                while more:
                    part, more = await _part(receive)
                    body += part
                    self.budget -= len(part)
                    if len(body) > self.settings.max_body:
                        raise too_large(self.settings.max_body)
                    if self.budget < 0:
                        raise Refusal("too much is being sent at a time; try again in 1 s", status=429, code="queue_full")
        except TimeoutError:
            raise Refusal(f"the request's body did not arrive within {seconds:g} s", status=408, code="timeout") from None

    def _counting(self, scope: Message, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self.metrics.replies.labels(route, str(message["status"])).inc()
            await send(message)

        return counted


class Gone(Exception):
    """The client has hung up."""


async def _part(receive: Receive) -> tuple[bytes, bool]:
    """The next part of a body, and whether more comes."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body, and then what really comes."""
    first = True

    async def replayed() -> Message:
        nonlocal first
        if not first:
            return await receive()
        first = False
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def guarded(path: str) -> bool:
    """Whether a path is the API's."""
    return any(path == prefix or path.startswith(prefix + "/") for prefix in GUARDED)


def check_key(scope: Message, keys: Sequence[str]) -> None:
    """Raises Refusal unless the request shows one of the keys, or none is needed. Takes as long for any wrong key."""
    if not keys:
        return
    shown = _header(scope, b"authorization").removeprefix(b"Bearer ").strip()
    digest = hashlib.sha256(shown).digest()
    right = [hmac.compare_digest(digest, hashlib.sha256(key.encode()).digest()) for key in keys]
    if not any(right):
        raise Refusal("a valid API key is needed: Authorization: Bearer KEY", status=401, code="invalid_api_key")


def check_head(scope: Message, settings: Settings) -> None:
    """Raises Refusal for a body that says at once that it is too large, or that it is no JSON."""
    if scope["method"] != "POST":
        return
    length = _header(scope, b"content-length")
    if length.isdigit() and int(length) > settings.max_body:
        raise too_large(settings.max_body)
    kind = _header(scope, b"content-type").split(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Refusal("the body must be JSON, with Content-Type: application/json", status=415, code="unsupported_media_type")


def too_large(most: int) -> Refusal:
    """For a body of more than `most` bytes."""
    return Refusal(f"the request has more than {most} bytes; send smaller pictures", status=413, code="request_too_large")


async def _send(refusal: Refusal, receive: Receive, send: Send, most: int) -> None:
    """A whole reply. Then what the client is still sending is thrown away for a moment: closing on it would reset the
    connection, and the client would never read why."""
    status, reply, headers = error_reply(refusal)
    body = json.dumps(reply, ensure_ascii=False).encode()
    fields = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close", **headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    with suppress(TimeoutError, Gone):
        async with asyncio.timeout(LINGER_SECONDS):
            more = True
            while more and most > 0:
                part, more = await _part(receive)
                most -= len(part)
    await send({"type": "http.response.body", "body": b""})


def _header(scope: Message, name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")
