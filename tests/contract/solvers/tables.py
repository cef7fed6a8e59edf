"""Answers questions about a CSV table: what the charts that show one share."""

from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *lines = [line.split(",") for line in description_text.split("\n")]
    value = {(line[0], name): int(cell) for line in lines for name, cell in zip(header[1:], line[1:], strict=True)}
    rows, columns, query = [line[0] for line in lines], header[1:], ask["query"]
    if query == "best":
        return _single(columns, lambda name: value[ask["row"], name])
    if query == "total":
        return str(sum(value[ask["row"], name] for name in columns))
    if query == "over":
        return str(sum(value[row, ask["a"]] > value[row, ask["b"]] for row in rows))
    column = ask["column"]
    if query in ("most", "least"):
        return _single(rows, lambda row: value[row, column] * (1 if query == "most" else -1))
    if query == "rise":
        return _single(rows[1:], lambda row: value[row, column] - value[rows[rows.index(row) - 1], column])
    if query == "above":
        return str(len([row for row in rows if value[row, column] > ask["n"]]))
    if query == "mean":
        return str(Fraction(sum(value[row, column] for row in rows), len(rows)))
    if query == "read":
        return str(value[ask["row"], column])
    a, b = value[ask["a"], column], value[ask["b"], column]
    return str(a + b if query == "sum" else a - b)


def _single(names: list[str], rank: Any) -> str:
    best = max(map(rank, names))
    (answer,) = [name for name in names if rank(name) == best]
    return answer
