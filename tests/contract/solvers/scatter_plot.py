"""Answers scatter plot questions from lines of `kind: (x,y) (x,y)`."""

import re
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    kinds: dict[str, list[tuple[int, int]]] = {}
    for line in description_text.split("\n"):
        name, _, rest = line.partition(": ")
        kinds[name] = [(int(x), int(y)) for x, y in re.findall(r"\((\d+),(\d+)\)", rest)]
    points = [point for found in kinds.values() for point in found]
    assert len(set(points)) == len(points)
    query = ask["query"]
    if query == "count":
        return str(len(kinds[ask["a"]]))
    if query == "all":
        return str(len(points))
    if query in ("right", "above"):
        return str(sum((x if query == "right" else y) > ask["n"] for x, y in points))
    along = 1 if query == "highest" else 0
    most = max(point[along] for point in points)
    ((x, y),) = [point for point in points if point[along] == most]
    return str(x if query == "highest" else y)
