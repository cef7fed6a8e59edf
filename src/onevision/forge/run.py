"""A forge run: many items on their way at once, no more than fit, and nothing done twice."""

import asyncio
import json
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onevision.bench.progress import Progress
from onevision.engine.openai import Unanswered
from onevision.errors import InputError
from onevision.forge.cache import Cache
from onevision.forge.desk import Asker, Desk
from onevision.forge.draft import Draft
from onevision.forge.duplicates import find, in_order
from onevision.forge.read import Mix
from onevision.forge.recipe import ForgeRecipe
from onevision.forge.shards import Shards, pack
from onevision.forge.work import Why, call, open_work
from onevision.store import alone, write_atomic

Hands = Callable[..., Awaitable[Any]]
"""Calls Work's method of a name in a worker process."""

AHEAD = 16
"""Shards that may be open at a time."""

SPARE = 4
"""Items on their way for each lane of an endpoint and each worker: while some ask, others are read, judged and written."""


def forge(recipe: ForgeRecipe) -> dict[str, Any]:
    """Run a recipe to its end, or on from where it was left; its totals. Raises InputError, and OneVisionError where an
    endpoint is gone or its budget is spent: run again to go on."""
    with alone(Path(recipe.output_dir)):
        shards = Shards(recipe, len(Mix(recipe)))
        begun = time.perf_counter()
        with _pool(recipe) as hands:
            desk_figures = asyncio.run(_run(recipe, shards, hands))
        return finish(recipe, shards, desk_figures, time.perf_counter() - begun)


async def _run(recipe: ForgeRecipe, shards: Shards, hands: Hands) -> dict[str, Any]:
    left = shards.left()
    if not left:
        return {}
    excluded = await find(recipe, shards.items, in_order(shards.items, lambda numbers: hands("prints", numbers)))
    desk = Desk({name: recipe.endpoints[name] for name in recipe.asked}, Cache(Path(recipe.output_dir) / "replies.sqlite"))
    done = shards.items - sum(len(shards.numbers(shard)) for shard in left)
    try:
        with Progress("forge", shards.items, done) as progress:

            async def take(draft: Draft) -> None:
                if full := shards.add(draft):
                    shard, drafts = full
                    await asyncio.to_thread(lambda: shards.write(shard, pack(drafts)))
                progress.advance(1)

            numbers = (number for shard in left for number in shards.numbers(shard))
            await carry_all(recipe, numbers, excluded, hands, desk, take)
        return desk.figures()
    finally:
        await desk.close()


async def carry_all(
    recipe: ForgeRecipe,
    numbers: Iterable[int],
    excluded: Mapping[int, Why],
    hands: Hands,
    desk: Asker,
    take: Callable[[Draft], Awaitable[None]],
) -> None:
    """Every item through all steps, so many at once as keep endpoints and workers busy; the next one is read when one is done,
    and none is read that is AHEAD shards ahead of the slowest: what is finished waits in memory for its shard."""
    room = asyncio.Semaphore(SPARE * (workers_of(recipe) + sum(recipe.endpoints[name].concurrency for name in recipe.asked)))
    under_way: dict[int, None] = {}

    async def carry(number: int) -> None:
        try:
            await take(await carry_one(recipe, number, excluded.get(number), hands, desk))
        finally:
            del under_way[number]
            room.release()

    try:
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                await room.acquire()
                while under_way and number - next(iter(under_way)) > AHEAD * recipe.shard:
                    await asyncio.sleep(0.05)
                under_way[number] = None
                group.create_task(carry(number))
    except* Exception as several:
        raise several.exceptions[0] from None


async def carry_one(recipe: ForgeRecipe, number: int, why: Why | None, hands: Hands, desk: Asker) -> Draft:
    """One item through all steps: by turns in a worker process and at an endpoint."""
    draft, requests = await hands("begin", number, why)
    while not draft.dropped and draft.at < len(recipe.steps):
        step = recipe.steps[draft.at]
        try:
            said = await asyncio.gather(*(desk.ask(step.by, one.messages, one.sampling) for one in requests))
        except (Unanswered, InputError) as error:
            kind = "refused by the endpoint" if isinstance(error, InputError) else "endpoint failed"
            return draft.drop(step.name, kind, str(error))
        draft, requests = await hands("go_on", draft, said)
    return draft


def workers_of(recipe: ForgeRecipe) -> int:
    """Worker processes: as many as the recipe says, or as there are cores."""
    return recipe.workers or len(os.sched_getaffinity(0))


@contextmanager
def _pool(recipe: ForgeRecipe) -> Any:
    # spawn: a fork would share the parent's threads' locks.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers_of(recipe), context, open_work, (recipe, os.getpid()))

    async def hands(name: str, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, call, name, *arguments)

    try:
        yield hands
    finally:
        pool.shutdown(cancel_futures=True)


def finish(recipe: ForgeRecipe, shards: Shards, endpoints: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Write forge.json from the shards' records. What endpoints cost and how long it took are of the last run that did any work."""
    path = Path(recipe.output_dir) / "forge.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    spent = {"endpoints": endpoints or before.get("endpoints", {}), "seconds": round(seconds, 1)} if endpoints or not before else {}
    kept = {key: before[key] for key in ("endpoints", "seconds") if key in before}
    steps = [step.name for step in recipe.steps]
    totals = {"signature": recipe.signature(), "steps": steps, **shards.totals(), **(spent or kept)}
    write_atomic(path, json.dumps(totals, indent=1, ensure_ascii=False) + "\n")
    return totals
