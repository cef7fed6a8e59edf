"""The look over the whole mix before the first step: which items repeat others, which are near a benchmark's."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from onevision.bench import load
from onevision.bench.progress import Progress
from onevision.forge.near import KeptOut, Print, Seen
from onevision.forge.recipe import Benchmark, ForgeRecipe, Near
from onevision.forge.work import Why
from onevision.store import write_atomic
from onevision.types import Problem

Chunk = list[tuple[int, Print]]
"""Items with their fingerprints; those that cannot be read are not among them."""

CHUNK = 64
"""Items whose fingerprints a worker takes at a time."""

AHEAD = 8
"""Chunks under way: later ones wait in the workers' queue, not in memory."""


async def find(recipe: ForgeRecipe, items: int, chunks: AsyncIterator[Chunk]) -> dict[int, Why]:
    """Item -> why it is dropped before its first step. Found once and kept in near.json, so that a run that goes on drops
    the same ones."""
    path = Path(recipe.output_dir) / "near.json"
    if recipe.near is None and not recipe.keep_out:
        return {}
    if not path.exists():
        write_atomic(path, json.dumps(await _survey(recipe, items, chunks), indent=1, ensure_ascii=False) + "\n")
    return {int(number): (kind, words) for number, (kind, words) in json.loads(path.read_text(encoding="utf-8"))["dropped"].items()}


async def _survey(recipe: ForgeRecipe, items: int, chunks: AsyncIterator[Chunk]) -> dict[str, Any]:
    limits = recipe.near or Near()
    kept_out = [KeptOut(one.benchmark, _items(one), limits) for one in recipe.keep_out]
    # Without `near` the items seen are not remembered: at scale their memory is what breaks first.
    seen = Seen(limits) if recipe.near else None
    dropped, pictures, questions = dict[int, Why](), 0, set[bytes]()
    by_benchmark = {one.name: {"picture": 0, "question": 0, "items": len(one.prints)} for one in kept_out}
    with Progress("fingerprints", items) as progress:
        async for chunk in chunks:
            for number, one in chunk:
                if seen:
                    questions.add(one.question.tobytes())
                    pictured, repeated = seen.add(number, one)
                    pictures += pictured
                    if repeated is not None:
                        dropped[number] = "duplicate", f"pictures and question are near those of {seen.prints[repeated].name}"
                        continue
                for benchmark in kept_out:
                    if found := benchmark.objection(one):
                        by_benchmark[benchmark.name][found[0]] += 1
                        dropped[number] = f"near {benchmark.name}", f"its {found[0]} is near that of {found[1]}"
                        break
            progress.advance(len(chunk))
    duplicates = sum(kind == "duplicate" for kind, _ in dropped.values())
    counts = {"near_pictures": pictures, "different_questions": len(questions), "duplicates": duplicates} if seen else {}
    return {"items": items, **counts, "kept_out": by_benchmark, "dropped": dropped}


def _items(one: Benchmark) -> list[Problem]:
    return load(one.benchmark, Path(one.data) if one.data else None, one.split)


async def in_order(items: int, prints: Callable[[list[int]], Awaitable[Chunk]]) -> AsyncIterator[Chunk]:
    """Fingerprints of chunk after chunk; a few chunks are under way at a time."""
    left = iter(chunks_of(items))
    under_way = [asyncio.ensure_future(prints(one)) for one in islice(left, AHEAD)]
    while under_way:
        yield await under_way.pop(0)
        under_way += [asyncio.ensure_future(prints(one)) for one in islice(left, 1)]


def chunks_of(items: int) -> Iterator[list[int]]:
    """The mix's numbers, so many at a time as a worker takes."""
    return (list(range(start, min(items, start + CHUNK))) for start in range(0, items, CHUNK))
