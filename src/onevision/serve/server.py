"""uvicorn with what a server in the open needs: slow heads are cut off, errors have one format, an end that finishes its work."""

import asyncio
import json
import time
from math import ceil
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from onevision.serve.errors import Refusal, error_reply
from onevision.serve.limits import LINGER_SECONDS
from onevision.serve.scheduler import Scheduler


def protocol(head_seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's HTTP/1.1 with a time limit for a request's head (Slowloris; uvicorn has none), and refusals in our format."""

    class Protocol(H11Protocol):
        _late: asyncio.TimerHandle | None = None
        _refused = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._expect_head()

        def data_received(self, data: bytes) -> None:
            if self._refused:
                return
            waiting = self._between_requests()
            super().data_received(data)
            if not self._between_requests():
                self._forget()
            elif waiting and self._late is None:
                self._expect_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            self._refuse(Refusal(f"this is no HTTP request: {msg}", code="invalid_http"))

        def _between_requests(self) -> bool:
            return self.cycle is None or self.cycle.response_complete

        def _expect_head(self) -> None:
            self._late = self.loop.call_later(head_seconds, self._too_late)

        def _forget(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _too_late(self) -> None:
            self._refuse(Refusal(f"the request's head did not arrive within {head_seconds:g} s", status=408, code="timeout"))

        def _refuse(self, refusal: Refusal) -> None:
            status, reply, _ = error_reply(refusal)
            body = json.dumps(reply).encode()
            head = (
                f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
            # Closed only a moment later: a client that is still sending would be reset and never read this.
            self._refused = True
            self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.close)

    return Protocol


LAST_SECONDS = 3.0
"""What was begun has been answered by then; this is for the replies to arrive."""


class Server(uvicorn.Server):
    """On the first signal: nothing new is taken (503), what was begun is finished, then it ends. On a second one it ends at once."""

    def __init__(self, config: uvicorn.Config, scheduler: Scheduler) -> None:
        super().__init__(config)
        self.scheduler = scheduler
        config.timeout_graceful_shutdown = ceil(LAST_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """As uvicorn's, from a signal."""
        if self.scheduler.stopping or not self.started:
            super().handle_exit(sig, frame)
            self.force_exit = True
        self.scheduler.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's, ten times a second."""
        if self.scheduler.stopping and not self.scheduler.inside:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: Any = None) -> None:
        """As uvicorn's. Who keeps a line open for good, as the page in a tab does, is hung up on: cancelled, it would be logged
        as an error."""
        lines, end = self.server_state.connections, time.monotonic() + LAST_SECONDS
        for line in list(lines):
            line.shutdown()
        while lines and not self.force_exit and time.monotonic() < end:
            await asyncio.sleep(0.05)
        for line in list(lines):
            line.transport.abort()
        await super().shutdown(sockets)
        self.scheduler.close()
