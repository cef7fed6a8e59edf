"""What a forge recipe will take, before anything runs: requests, tokens, money, CPU hours, storage, hours, hosts."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onevision.errors import InputError
from onevision.forge.draft import Step
from onevision.forge.reason import Reason
from onevision.forge.recipe import ForgeRecipe, Source

CPU_MS = {
    "read": 24.0,
    "near": 27.0,
    "describe": 0.1,
    "extract": 1200.0,
    "round trip": 100.0,
    "reason": 0.1,
    "judge": 0.1,
    "rewrite": 0.1,
    "review": 0.1,
    "filter": 0.2,
    "request": 3.5,
    "write": 2.5,
}
"""CPU milliseconds an item and step, measured (docs/scaling.md); "read" draws a task's picture too, "near" draws it again."""

TOKENS = {"describe": (1500, 300), "reason": (450, 900), "rewrite": (1100, 500), "review": (1300, 60)}
"""Assumed (prompt, completion) tokens of a request; a picture of 768 × 768 pixels is 750. Where a run in output_dir has asked
already, its own means are taken."""

PASSED = {"describe": 0.9, "reason": 0.98, "judge": 0.7, "rewrite": 0.98, "review": 0.9, "filter": 0.85}
"""Assumed shares of items that a step lets pass, a model at work; the second judge passes nearly all. Without models: all pass."""

SECONDS = 20.0
"""Assumed seconds of a request."""

KB = {"task": 59.0, "data": 120.0}
"""Kilobytes of an item kept: of a task measured (docs/scaling.md), of a photograph assumed."""

REPLY_BYTES = 5.0
"""Bytes of the cache a completion token."""

CORES = 16
"""Of a host."""


@dataclass(frozen=True)
class Asked:
    """What an endpoint will be asked. hours: at its concurrency, or its limits where those are slower."""

    requests: float
    prompt_tokens: float
    completion_tokens: float
    cost: float
    hours: float


@dataclass(frozen=True)
class ForgePlan:
    """items: read; samples: expected to be kept; cpu_hours: on one core; gigabytes: samples, dropped items and cache; hours: of the
    slowest of the endpoints and this many cores."""

    items: int
    samples: float
    endpoints: dict[str, Asked]
    cpu_hours: float
    gigabytes: float
    cores: int
    hours: float
    hosts: int
    slowest: str
    notes: tuple[str, ...]


def make_plan(recipe: ForgeRecipe, cores: int = CORES) -> ForgePlan:
    """The plan of a recipe on so many cores. Raises InputError for a hub data set without a count."""
    counts = [(source, *_count(source)) for source in recipe.sources]
    items = sum(count for _, count, _ in counts)
    asked, cpu, left = _through(recipe, items)
    kilobytes = sum(KB["task" if source.task else "data"] * count for source, count, _ in counts)
    replies = sum(one.completion_tokens for one in asked.values()) * REPLY_BYTES
    hours = {name: one.hours for name, one in asked.items()} | {"worker processes": cpu / cores}
    slowest = max(hours, key=lambda name: hours[name])
    notes = tuple(note for _, _, note in counts if note) + (() if not asked else (f"requests of {SECONDS:g} s, assumed",))
    return ForgePlan(items, left, asked, cpu, (kilobytes * 1e3 + replies) / 1e9, cores, hours[slowest], -(-cores // CORES), slowest, notes)


def _through(recipe: ForgeRecipe, items: float) -> tuple[dict[str, Asked], float, float]:
    """(what endpoints are asked, CPU hours, items that are left), the items followed through the steps."""
    tokens = _measured(recipe)
    totals: dict[str, list[float]] = {name: [0.0, 0.0, 0.0] for name in recipe.asked}
    milliseconds = items * (CPU_MS["read"] + CPU_MS["write"] + (CPU_MS["near"] if recipe.near or recipe.keep_out else 0.0))
    left, drawn, judged = float(items), all(source.task for source in recipe.sources), False
    for step in recipe.steps:
        milliseconds += left * _cpu(step, drawn)
        if step.asks:
            count = left * (step.candidates if isinstance(step, Reason) else 1)
            prompt, completion = tokens.get(step.by) or TOKENS[step.name]
            for place, amount in enumerate((count, count * prompt, count * completion)):
                totals[step.by][place] += amount
            milliseconds += count * CPU_MS["request"]
        sure = not recipe.asked or (step.name == "judge" and judged)
        left *= 1.0 if sure else PASSED[step.name]
        judged = judged or step.name == "judge"
    return {name: _asked(recipe, name, *total) for name, total in totals.items()}, milliseconds / 3.6e6, left


def _cpu(step: Step, drawn: bool) -> float:
    if step.name != "describe" or (step.by == "given" and drawn):
        return CPU_MS[step.name]
    return CPU_MS["round trip"] if step.asks else CPU_MS["extract"]


def _asked(recipe: ForgeRecipe, name: str, requests: float, prompt: float, completion: float) -> Asked:
    spec = recipe.endpoints[name]
    hours = [requests * SECONDS / spec.concurrency / 3600]
    hours += [requests / spec.requests_per_minute / 60] if spec.requests_per_minute else []
    hours += [(prompt + completion) / spec.tokens_per_minute / 60] if spec.tokens_per_minute else []
    return Asked(requests, prompt, completion, (prompt * spec.price[0] + completion * spec.price[1]) / 1e6, max(hours))


def _count(source: Source) -> tuple[int, str]:
    """Items of a source, and where that is no count of its own."""
    if source.count:
        return source.count * source.per_row, ""
    from onevision.sources import on_hub, open_dataset

    if on_hub(str(source.data), source.dataset_dir):
        raise InputError(f"source {source.label!r}: give count; to count what is on the hub it would be downloaded")
    found = len(open_dataset(str(source.data), source.dataset_dir)) * source.per_row
    return found, f"{source.label}: {found} items counted"


def _measured(recipe: ForgeRecipe) -> dict[str, tuple[float, float]]:
    """Endpoint -> mean tokens of its requests so far, where a run in output_dir has asked it."""
    path = Path(recipe.output_dir) / "replies.sqlite"
    if not path.exists():
        return {}
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    rows = base.execute("select model, avg(prompt_tokens), avg(completion_tokens) from said group by model")
    means = {model: (prompt, completion) for model, prompt, completion in rows}
    base.close()
    models = {name: recipe.endpoints[name].model_name for name in recipe.asked}
    return {name: means[model] for name, model in models.items() if model in means}


def lines(plan: ForgePlan) -> Iterator[str]:
    """The plan for people."""
    yield f"forge: {plan.items} items, about {plan.samples:.0f} samples"
    for name, one in plan.endpoints.items():
        tokens = f"{one.prompt_tokens / 1e6:.1f} M prompt and {one.completion_tokens / 1e6:.1f} M completion tokens"
        yield f"  endpoint {name}: {one.requests:.0f} requests, {tokens}, cost {one.cost:.2f}, {one.hours:.1f} h"
    yield f"  {plan.cpu_hours:.2f} CPU hours: {plan.cpu_hours / plan.cores:.2f} h on {plan.cores} cores ({plan.hosts} host of {CORES})"
    yield f"  {plan.gigabytes:.2f} GB: samples, dropped items, answers"
    yield f"  {plan.hours:.2f} h; {plan.slowest} is the slowest part"
    yield from (f"  note: {note}" for note in plan.notes)
