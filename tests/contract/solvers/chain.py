"""Answers chain questions by substituting every number that could stand at the start until all that is known fits."""

import re
from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    assert ask == {"query": "missing"}
    body = description_text.split("\n", 1)[1]
    labels = [label.strip() for label in re.findall(r"\[(.*?)\]", body)]
    operations = re.findall(r"\|(.*?)\|", body)
    found = {path[labels.index("?")] for start in range(201) if (path := _fits(Fraction(start), labels, operations))}
    (answer,) = found
    return str(answer)


def _fits(value: Fraction, labels: list[str], operations: list[str]) -> list[Fraction]:
    """The numbers in all nodes, or none where they contradict a label."""
    path = [value]
    for operation in operations:
        n = int(operation[1:])
        value = {"+": value + n, "-": value - n, "*": value * n, "/": value / n}[operation[0]]
        path.append(value)
    right = all(label in ("", "?") or int(label) == v for label, v in zip(labels, path, strict=True))
    return path if right else []
