"""Answers bar chart questions from lines of `label,value`."""

import re
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    head, rest = description_text.split("\n", 1)
    assert head == "label,value"
    bars: dict[str, int] = {label: int(value) for label, value in re.findall(r"^(\w+),(\d+)$", rest, re.M)}
    query = ask["query"]
    if query in ("most", "least"):
        wanted = max(bars.values()) if query == "most" else min(bars.values())
        (answer,) = [label for label, value in bars.items() if value == wanted]
        return answer
    if query == "count":
        return str(sum(1 for value in bars.values() if value > ask["above"]))
    values: list[int] = [bars[label] for label in ask["labels"]]
    results = {"read": values[0], "sum": sum(values), "difference": values[0] - values[-1]}
    return str(results[query])
