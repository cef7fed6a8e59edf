"""Engines on the machines of a Ray cluster as one engine: each worker loads the model and answers batches."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

from onevision.engine.base import Delta, SamplingParams
from onevision.errors import MissingPartError
from onevision.types import Completion, Message

BATCHES_WAITING = 2
"""At each worker, so that it never waits for the next one."""


class RayEngine:
    """The same model in several Ray workers; a request goes to the one with the fewest in flight.

    spec, dtype and compiled: as `engine.load.load_engine` takes them; workers: how many, None for one a GPU of the cluster, or one a
    machine where there are no GPUs. Joins the cluster that `ray start` made (or $RAY_ADDRESS), or starts one on this machine.
    Raises MissingPartError without Ray, and what loading the model raises.
    """

    def __init__(self, spec: str, workers: int | None = None, dtype: str = "auto", compiled: bool = False) -> None:
        ray = _ray()
        if not ray.is_initialized():
            ray.init(log_to_driver=False, logging_level="warning")
        gpus = int(ray.cluster_resources().get("GPU", 0))
        count = workers or gpus or len(ray.nodes())
        # SPREAD: with fractions of a CPU Ray would pile all workers up on the first machine.
        worker = ray.remote(_Worker).options(num_cpus=1, num_gpus=1 if gpus else 0, scheduling_strategy="SPREAD")
        self._ray = ray
        self._workers = [worker.remote(spec, dtype, compiled) for _ in range(count)]
        self._busy, self._lock = [0] * count, threading.Lock()
        ray.get([one.ready.remote() for one in self._workers])

    @property
    def lanes(self) -> int:
        """How many batches keep all workers busy."""
        return BATCHES_WAITING * len(self._workers)

    def nodes(self) -> list[str]:
        """The Ray node that each worker runs on."""
        return list(self._ray.get([one.node.remote() for one in self._workers]))

    def generate_batch(self, chats: Sequence[Sequence[Message]], sampling: SamplingParams) -> list[Completion]:
        """One completion for each of several chats, all by one worker."""
        index = self._take()
        try:
            return list(self._get(self._workers[index].generate_batch.remote(chats, sampling)))
        finally:
            self._give_back(index)

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of one chat, by one worker."""
        index = self._take()
        try:
            call = self._workers[index].generate.remote(messages, sampling, n)
            return list(await asyncio.to_thread(self._get, call))
        finally:
            self._give_back(index)

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        """One completion, in one piece."""
        (completion,) = await self.generate(messages, sampling)
        yield Delta(completion.text, completion)

    def close(self) -> None:
        """Give the workers back to the cluster."""
        for one in self._workers:
            self._ray.kill(one)

    def _take(self) -> int:
        with self._lock:
            index = min(range(len(self._busy)), key=self._busy.__getitem__)
            self._busy[index] += 1
            return index

    def _give_back(self, index: int) -> None:
        with self._lock:
            self._busy[index] -= 1

    def _get(self, call: Any) -> Any:
        try:
            return self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            # Ray wraps what a worker raised; an InputError must stay one.
            raise error.cause if isinstance(error.cause, Exception) else error from None


class _Worker:
    """One loaded engine. Its generate is plain, not async: a worker computes one request after the other."""

    def __init__(self, spec: str, dtype: str, compiled: bool) -> None:
        from onevision.engine.load import load_engine

        self.engine: Any = load_engine(spec, dtype, compiled)

    def ready(self) -> bool:
        """Returns once the model is loaded."""
        return True

    def node(self) -> str:
        """Where this worker runs."""
        return str(_ray().get_runtime_context().get_node_id())

    def generate_batch(self, chats: Sequence[Sequence[Message]], sampling: SamplingParams) -> list[Completion]:
        """As `TorchEngine.generate_batch`."""
        if hasattr(self.engine, "generate_batch"):
            return list(self.engine.generate_batch(chats, sampling))
        return [self.generate(chat, sampling, 1)[0] for chat in chats]

    def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int) -> list[Completion]:
        """As `Engine.generate`."""
        return list(asyncio.run(self.engine.generate(messages, sampling, n)))


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise MissingPartError("several machines need Ray: pip install 'onevision[ray]'") from None
    return ray
