"""The same steps on the machines of a Ray cluster: Ray Data maps shards of items over actors, the driver writes what comes back.

Endpoints are asked by one actor on the driver's machine, which holds the cache: limits, budget and "never asked again" are the
cluster's, not each worker's.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onevision.bench.progress import Progress
from onevision.engine.base import SamplingParams
from onevision.errors import MissingPartError, OneVisionError
from onevision.forge.cache import Cache, Said
from onevision.forge.desk import Desk
from onevision.forge.draft import Draft
from onevision.forge.duplicates import Chunk, chunks_of, find
from onevision.forge.read import Mix
from onevision.forge.recipe import ForgeRecipe
from onevision.forge.run import carry_all, finish
from onevision.forge.shards import Packed, Shards, pack
from onevision.forge.work import Why, Work
from onevision.store import alone
from onevision.types import Message


def forge_on_ray(recipe: ForgeRecipe) -> dict[str, Any]:
    """As `run.forge`, in the cluster that `ray start` made (or $RAY_ADDRESS), otherwise on this machine. Raises the same, and
    MissingPartError without Ray Data."""
    ray = _ray()
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level="warning")
    with alone(Path(recipe.output_dir)):
        shards, begun = Shards(recipe, len(Mix(recipe))), time.perf_counter()
        figures = _run(ray, recipe, shards) if shards.left() else {}
        return finish(recipe, shards, figures, time.perf_counter() - begun)


def _run(ray: Any, recipe: ForgeRecipe, shards: Shards) -> dict[str, Any]:
    workers = recipe.workers or int(ray.cluster_resources()["CPU"])
    excluded = asyncio.run(find(recipe, shards.items, _prints(ray, recipe, shards.items, workers)))
    desk = _desk(ray, recipe)
    left = [{"shard": shard, "numbers": list(shards.numbers(shard))} for shard in shards.left()]
    done = shards.items - sum(len(shards.numbers(shard)) for shard in shards.left())
    try:
        with Progress("forge", shards.items, done) as progress:
            for row in _mapped(ray, left, _Forger, (recipe, desk, ray.put(excluded)), workers):
                shards.write(int(row["shard"]), _made(row["packed"]))
                progress.advance(len(shards.numbers(int(row["shard"]))))
        return dict(ray.get(desk.figures.remote()))
    finally:
        ray.get(desk.close.remote())


def _mapped(ray: Any, rows: list[dict[str, Any]], actor: type, arguments: tuple[Any, ...], workers: int) -> Iterator[dict[str, Any]]:
    """Rows mapped over actors of a class, in their order."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars, context.execution_options.preserve_order = False, True
    pool = ray.data.ActorPoolStrategy(size=min(workers, len(rows)))
    # A block a row: a batch is then one row, and goes to whichever actor is free.
    data = ray.data.from_items(rows, override_num_blocks=len(rows))
    mapped = data.map_batches(actor, fn_constructor_args=arguments, batch_size=1, compute=pool, num_cpus=1)
    yield from mapped.iter_rows()


async def _prints(ray: Any, recipe: ForgeRecipe, items: int, workers: int) -> AsyncIterator[Chunk]:
    for row in _mapped(ray, [{"numbers": one} for one in chunks_of(items)], _Printer, (recipe,), workers):
        yield _made(row["prints"])


class _Printer:
    """Takes fingerprints of a batch's items."""

    def __init__(self, recipe: ForgeRecipe) -> None:
        self.work = Work(recipe)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        return {"prints": _objects([_tried(lambda: self.work.prints(one)) for one in _lists(batch)])}  # noqa: B023


class _Forger:
    """Takes a batch's shards through all steps."""

    def __init__(self, recipe: ForgeRecipe, desk: Any, excluded: Any) -> None:
        excluded = _ray().get(excluded) if not isinstance(excluded, dict) else excluded
        self.recipe, self.work, self.excluded, self.desk = recipe, Work(recipe), excluded, _FarDesk(desk)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        made = [_tried(lambda: asyncio.run(self._shard(one))) for one in _lists(batch)]  # noqa: B023
        return {"shard": batch["shard"], "packed": _objects(made)}

    async def _shard(self, numbers: list[int]) -> Packed:
        done: dict[int, Draft] = {}
        why: Mapping[int, Why] = self.excluded

        async def hands(name: str, *arguments: Any) -> Any:
            return getattr(self.work, name)(*arguments)

        async def take(draft: Draft) -> None:
            done[draft.number] = draft

        await carry_all(self.recipe, numbers, why, hands, self.desk, take)
        return pack([done[number] for number in numbers])


class _FarDesk:
    """The desk as a worker sees it."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    async def ask(self, endpoint: str, messages: Sequence[Message], sampling: SamplingParams) -> Said:
        """As `Desk.ask`."""
        try:
            said: Said = await self.actor.ask.remote(endpoint, messages, sampling)
        except _ray().exceptions.RayTaskError as error:
            raise error.cause from None
        return said


class _DeskActor:
    """The one desk of a cluster."""

    def __init__(self, recipe: ForgeRecipe) -> None:
        self.desk = Desk({name: recipe.endpoints[name] for name in recipe.asked}, Cache(Path(recipe.output_dir) / "replies.sqlite"))

    async def ask(self, endpoint: str, messages: Sequence[Message], sampling: SamplingParams) -> Said:
        return await self.desk.ask(endpoint, messages, sampling)

    async def figures(self) -> dict[str, Any]:
        return self.desk.figures()

    async def close(self) -> None:
        await self.desk.close()


def _desk(ray: Any, recipe: ForgeRecipe) -> Any:
    """On this machine, where the cache is."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(_DeskActor).options(num_cpus=0, max_concurrency=4096, scheduling_strategy=here).remote(recipe)


def _lists(batch: Mapping[str, Any]) -> list[list[int]]:
    return [[int(number) for number in numbers] for numbers in batch["numbers"]]


def _tried(work: Callable[[], Any]) -> Any:
    """What a worker made, or our error: Ray would bury it in its own."""
    try:
        return work()
    except OneVisionError as error:
        return error


def _made(value: Any) -> Any:
    if isinstance(value, OneVisionError):
        raise value
    return value


def _objects(values: Sequence[Any]) -> np.ndarray:
    """Values of any kind as a column."""
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingPartError("several machines need Ray Data: pip install 'onevision[ray]'") from None
    return ray
