"""A server on the tiny model, as `onevision serve` runs it, in a thread."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import torch

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

import uvicorn

from onevision.engine.torch import TorchEngine
from onevision.serve.app import create_app
from onevision.serve.batching import BatchScheduler
from onevision.serve.metrics import Metrics
from onevision.serve.server import Server, protocol
from onevision.serve.settings import Settings


class Running:
    """A server in a thread. url: up to and with /v1."""

    def __init__(self, scheduler: Any, settings: Settings, fetcher: Any = None) -> None:
        self.scheduler, self.settings = scheduler, settings
        self.app = create_app(scheduler, "tiny", settings, fetcher)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = uvicorn.Config(self.app, "127.0.0.1", self.port, http=protocol(settings.read_timeout), log_level="error")
        self.server = Server(config, scheduler)
        self.root, self.url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.port}/v1"
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve()), daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()

    def stop(self) -> None:
        self.scheduler.stopping = True
        self.thread.join(30)
        assert not self.thread.is_alive(), "it did not end"


@pytest.fixture(scope="session")
def engine(tiny: tuple[Any, Any]) -> TorchEngine:
    torch.set_num_threads(1)
    return TorchEngine(*tiny)


@pytest.fixture
def serve(engine: TorchEngine) -> Iterator[Callable[..., Running]]:
    """serve(scheduler=BatchScheduler, engine=…, fetcher=…, **settings) -> a running server; all are stopped afterwards."""
    running: list[Running] = []

    def start(kind: Any = BatchScheduler, on: Any = None, fetcher: Any = None, **settings: Any) -> Running:
        chosen = Settings(**({"max_batch": 8, "queue": 16, "timeout": 60.0} | settings))
        running.append(Running(kind(on or engine, chosen, Metrics()), chosen, fetcher))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def server(engine: TorchEngine) -> Iterator[Running]:
    """One for all tests of a file that do not disturb each other."""
    settings = Settings(max_batch=8, queue=32, timeout=60.0, read_timeout=5.0)
    one = Running(BatchScheduler(engine, settings, Metrics()), settings)
    yield one
    one.stop()
