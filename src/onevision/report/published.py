"""Published results, each with its source, to stand beside ours and be marked as published."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any


def published(benchmark: str, split: str) -> Iterator[tuple[str, str, float, str]]:
    """(model, what was measured, percent, source) for a benchmark and split; nothing where nothing is known."""
    for table in json.loads((files("onevision.report") / "published.json").read_text(encoding="utf-8")):
        if [benchmark, split] in table["of"]:
            yield from _rows(table, benchmark)


def _rows(table: dict[str, Any], benchmark: str) -> Iterator[tuple[str, str, float, str]]:
    for model, values in table["rows"].items():
        for column, value in zip(table["columns"], values, strict=True):
            if value is not None and column[0] == benchmark:
                yield model, column[1], value, table["source"]
