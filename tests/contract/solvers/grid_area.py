"""Counts squares run by run, or finds a polygon's area by trapezia and its outline by the taxicab distance."""

import re
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    facts = dict(line.split(": ", 1) for line in description_text.split("\n"))
    wide, high = map(int, facts["grid"].split())
    corners = [(int(x), int(y)) for x, y in re.findall(r"\((\d+),(\d+)\)", facts.get("corners", ""))]
    sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
    if ask["query"] == "outline":
        return str(sum(abs(a - c) + abs(b - d) for (a, b), (c, d) in sides))
    area = abs(sum((c - a) * (b + d) for (a, b), (c, d) in sides)) / 2
    area += sum(_squares(words.split()) for name, words in facts.items() if name.startswith("row"))
    if ask["query"] == "blank":
        area = wide * high - area
    if ask["query"] == "scaled":
        area *= int(facts["square"].split()[0])
    return f"{area:g}"


def _squares(words: list[str]) -> float:
    total = 0.0
    for word in words:
        if word[-1] == "h":
            total += 0.5
        else:
            ends = [int(n) for n in word.split("-")]
            total += len(range(ends[0], ends[-1] + 1))
    return total
