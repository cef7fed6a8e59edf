"""A forge recipe: what to read, by which steps, asking whom; and a clear line for every mistake."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.forge.draft import Step
from onevision.store import content_id
from onevision.train.recipe import read_yaml, typed

STEPS = {
    "describe": "describe:Describe",
    "reason": "reason:Reason",
    "judge": "judge:Judge",
    "rewrite": "rewrite:Rewrite",
    "review": "review:Review",
    "filter": "filter:Filter",
}
"""One line registers a step: its name in recipes -> the module and class that do it."""

DEFAULT_STEPS = ["describe", "reason", "judge", "rewrite", "judge", "filter"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A part of the mix. Either `task`, a procedural task, or `data`, as `sources.open_dataset` takes it.

    name: shown in reports; domain: what it is about, for the chart; count: rows taken, spread over the set by the seed
    (of a task: the first so many), None for all of a data set; per_row: questions taken of a row that holds several.
    levels, size: of a task.
    """

    name: str = ""
    task: str | None = None
    data: str | None = None
    dataset_dir: str = "data"
    domain: str = "other"
    count: int | None = None
    per_row: int = 1
    levels: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    size: list[int] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Its name, or what stands for one."""
        return self.name or self.task or self.data or ""

    def __post_init__(self) -> None:
        if (self.task is None) == (self.data is None):
            raise InputError(f"source {self.name!r}: give either task or data")
        if self.task and not self.count:
            raise InputError(f"source {self.label!r}: a task has no end, so give count")
        if (self.count is not None and self.count < 1) or self.per_row < 1:
            raise InputError(f"source {self.label!r}: count is {self.count} and per_row {self.per_row}; give 1 or more")
        if self.size and (len(self.size) != 2 or not all(isinstance(one, int) for one in self.size)):
            raise InputError(f"source {self.label!r}: size is {self.size}; give the smallest and the largest in pixels")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Whom steps may ask, and how hard.

    model: as `--model` takes it; concurrency: requests in flight; timeout: seconds. requests_per_minute, tokens_per_minute:
    its limits. price: money for a million prompt and a million completion tokens; budget: so much money in all, then the run stops.
    attempts: how often a request may fail while others are answered, before its item is dropped; patience: seconds without
    any answer before the run stops.
    """

    model: str
    concurrency: int = 32
    timeout: float = 300.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    price: list[float] = field(default_factory=lambda: [0.0, 0.0])
    budget: float | None = None
    attempts: int = 8
    patience: float = 900.0

    @property
    def model_name(self) -> str:
        """Who answers, wherever it runs: a server may move, and what it said is kept under this name."""
        return self.model.removeprefix("openai:").rpartition("@")[0] if self.model.startswith("openai:") else self.model

    def __post_init__(self) -> None:
        if self.concurrency < 1 or self.attempts < 1:
            raise InputError(f"endpoint {self.model}: concurrency is {self.concurrency} and attempts {self.attempts}; give 1 or more")
        if len(self.price) != 2 or not all(isinstance(one, int | float) and one >= 0 for one in self.price):
            raise InputError(f"endpoint {self.model}: price is {self.price}; two numbers were expected, for prompt and completion")


@dataclass(frozen=True, kw_only=True)
class Near:
    """What counts as near. picture: bits of 256 in which two perceptual hashes may differ (up to 15); question: the share of
    common three-word sequences (Jaccard); words: from how many words on a question alone tells an item of a benchmark."""

    picture: int = 10
    question: float = 0.8
    words: int = 12

    def __post_init__(self) -> None:
        if not 0 <= self.picture <= 15 or not 0 < self.question <= 1:
            raise InputError(f"near: picture is {self.picture} and question {self.question}; give 0 to 15 bits and a share up to 1")


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark whose items must not get into the data. data: its folder or file, None for the hub."""

    benchmark: str
    data: str | None = None
    split: str = ""


@dataclass(frozen=True, kw_only=True)
class ForgeRecipe:
    """shard: items of a file; workers: processes, 0 for one a core; near: None keeps near-duplicates; `keep_out` then goes by
    Near's own limits."""

    stage: str
    output_dir: str
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    endpoints: Mapping[str, Endpoint]
    keep_out: tuple[Benchmark, ...]
    near: Near | None
    seed: int = 0
    shard: int = 500
    workers: int = 0

    def __post_init__(self) -> None:
        if self.shard < 1 or self.workers < 0:
            raise InputError(f"shard is {self.shard} and workers {self.workers}; give 1 or more items, and 0 or more processes")

    @property
    def asked(self) -> list[str]:
        """The endpoints that steps ask."""
        return sorted({step.by for step in self.steps} & set(self.endpoints))

    def signature(self) -> str:
        """A hash of everything that the data set depends on: not of limits, prices, workers."""
        steps = [{"step": step.name, **vars(step)} for step in self.steps]
        asked = {name: self.endpoints[name] for name in self.asked}
        # With its prefix: so every run that was ever begun has it in its folder.
        models = {name: "openai:" * one.model.startswith("openai:") + one.model_name for name, one in asked.items()}
        parts = [vars(one) for one in (*self.sources, *self.keep_out, *([self.near] if self.near else []))]
        return content_id(json.dumps([parts, steps, models, self.seed, self.shard], sort_keys=True))


def load_recipe(path: str | Path, overrides: list[str] | None = None) -> ForgeRecipe:
    """Read a recipe (stage: forge) and apply `key=value` overrides. Raises InputError naming the file, the key and the
    nearest known one."""
    values, where = read_yaml(path, overrides), f"recipe {path}"
    if values.get("stage") != "forge":
        raise InputError(f"{where}: stage is {values.get('stage')!r}; onevision forge takes 'forge'")
    endpoints = {name: typed(f"{where}, endpoint {name}", Endpoint, one) for name, one in _table(where, values, "endpoints").items()}
    sources = [typed(f"{where}, source {number}", Source, one) for number, one in enumerate(_list(where, values, "sources"), start=1)]
    if not sources:
        raise InputError(f"{where}: no sources")
    near = values.get("near", {})
    made = {
        "sources": tuple(sources),
        "steps": _steps(where, _list(where, values, "steps") or DEFAULT_STEPS, endpoints),
        "endpoints": endpoints,
        "keep_out": tuple(typed(f"{where}, keep_out", Benchmark, one) for one in _list(where, values, "keep_out")),
        "near": typed(f"{where}, near", Near, {} if near is None else near) if near is not False else None,
    }
    return typed(where, ForgeRecipe, {**values, **made})


def _steps(where: str, listed: list[Any], endpoints: Mapping[str, Endpoint]) -> tuple[Step, ...]:
    """The steps, each behind those whose work it takes up."""
    steps = tuple(_step(where, one, endpoints) for one in listed)
    for place, step in enumerate(steps):
        before = {one.name for one in steps[:place]}
        if missing := [name for name in step.after if name not in before]:
            raise InputError(f"{where}: step {step.name} stands before any {missing[0]}; it takes up what that leaves")
    return steps


def _step(where: str, said: Any, endpoints: Mapping[str, Endpoint]) -> Step:
    """A step from `name`, or `name: {option: value}`."""
    name, options = next(iter(said.items())) if isinstance(said, dict) and len(said) == 1 else (said, None)
    if not isinstance(name, str) or name not in STEPS:
        near = difflib.get_close_matches(str(name), STEPS, n=1, cutoff=0)
        raise InputError(f"{where}: unknown step {name!r}; did you mean {near[0]!r}?")
    module, _, cls = STEPS[name].partition(":")
    kind: type[Step] = getattr(import_module(f"onevision.forge.{module}"), cls)
    step = typed(f"{where}, step {name}", kind, {} if options is None else options)
    doers = (*kind.own, *(endpoints if kind.requests is not Step.requests else ()))
    if step.by not in doers:
        known = ", ".join(doers) or "the name of an endpoint; the recipe has none"
        raise InputError(f"{where}, step {name}: by is {step.by!r}; one of {known}")
    return step


def _list(where: str, values: Mapping[str, Any], key: str) -> list[Any]:
    listed = values.get(key) or []
    if not isinstance(listed, list):
        raise InputError(f"{where}: {key} is {listed!r}, where a list was expected")
    return listed


def _table(where: str, values: Mapping[str, Any], key: str) -> dict[str, Any]:
    table = values.get(key) or {}
    if not isinstance(table, dict):
        raise InputError(f"{where}: {key} is {table!r}, where names with their settings were expected")
    return table
