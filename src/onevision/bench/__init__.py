"""Benchmarks: problems with known answers, a model's completions, the common grader's verdicts, one table.

load("mathvision", Path("MathVision"), split="testmini")   its problems
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from onevision.errors import InputError, unknown_name
from onevision.types import Problem

Metric = Callable[[Sequence[Mapping[str, Any]]], dict[str, float]]


@dataclass(frozen=True)
class Benchmark:
    """One line of the registry. module: has `load(data, split) -> list[Problem]`, and `metric(records)` where the benchmark
    has one of its own. splits: the first is the default. groups: keys of a problem's meta that the table is broken
    down by. what: said by --help."""

    module: str
    splits: tuple[str, ...]
    groups: tuple[str, ...]
    what: str

    def load(self, data: Path | None = None, split: str = "") -> list[Problem]:
        """The problems of a split, at least one. Raises InputError saying exactly what to fetch when the set is not there."""
        if split and split not in self.splits:
            raise unknown_name("split", split, self.splits)
        problems: list[Problem] = self._module.load(data, split or self.splits[0])
        if not problems:
            raise InputError(f"{data or self.what}: there is no problem in it")
        return problems

    @property
    def metric(self) -> Metric | None:
        """The benchmark's own metric, over the records of a run; None where accuracy is all."""
        return getattr(self._module, "metric", None)

    @property
    def _module(self) -> Any:
        return import_module(f"onevision.bench.{self.module}")


BENCHMARKS = {
    "r1-onevision": Benchmark("r1_onevision", ("test",), ("category", "level"), "R1-Onevision-Bench, 942 problems"),
    "mathvision": Benchmark("mathvision", ("testmini", "test"), ("subject", "level"), "MathVision, 304 or 3,040 problems"),
    "mathverse": Benchmark(
        "mathverse", ("testmini", "testmini_text_only"), ("version", "subject"), "MathVerse, 788 problems in 5 versions"
    ),
    "mathvista": Benchmark("mathvista", ("testmini",), ("task", "grade"), "MathVista, 1,000 problems"),
    "we-math": Benchmark("wemath", ("testmini",), ("part",), "We-Math with its four-dimensional metric, 1,740 problems"),
    "blindtest": Benchmark("blindtest", ("valid",), ("task",), "BlindTest, seven tasks"),
    "easy-vqa": Benchmark("easy_vqa", ("test", "train"), ("kind",), "easy-VQA, 5,000 small pictures in the package easy-vqa"),
}
"""One line registers a benchmark: the name a user types -> the file that reads it. Our own tasks are beside them (held_out)."""


def load(name: str, data: Path | None = None, split: str = "") -> list[Problem]:
    """The problems of a benchmark. data: its folder or file; None takes it from the hub or a package.

    Raises InputError for an unknown name or split, and for a set that is not there.
    """
    if name not in BENCHMARKS:
        raise unknown_name("benchmark", name, BENCHMARKS)
    return BENCHMARKS[name].load(data, split)
