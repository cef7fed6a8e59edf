"""Finds the one item that alone has a value where all others share another."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    _, *lines = [line.split(",") for line in description_text.split("\n")]
    alone = set()
    for column in list(zip(*lines, strict=True))[1:]:
        for line, value in zip(lines, column, strict=True):
            if column.count(value) == 1:
                assert len(set(column)) == 2
                alone.add(line[0])
    (answer,) = alone
    return answer
