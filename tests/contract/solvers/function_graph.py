"""Answers questions about functions from tables of their values."""

import re
from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    tables = {}
    for name, rest in re.findall(r"^(\w): \w+ (.*)$", description_text, re.M):
        tables[name] = {int(x): int(y) for x, y in re.findall(r"\((-?\d+),(-?\d+)\)", rest)}
    f, g = tables[ask["f"]], tables.get(ask.get("g", ""), {})
    query = ask["query"]
    if query == "solve":
        (answer,) = [x for x, y in f.items() if y == ask["n"]]
        return str(answer)
    if query == "slope":
        slopes = {Fraction(f[b] - f[a], b - a) for a in f for b in f if a < b}
        (slope,) = slopes
        return str(slope)
    if query == "meet":
        (point,) = f.items() & g.items()
        return f"({point[0]},{point[1]})"
    if query == "turn":
        (point,) = [(x, y) for x, y in f.items() if x - 1 in f and x + 1 in f and f[x - 1] == f[x + 1] != y]
        return f"({point[0]},{point[1]})"
    values = {"value": lambda: f[ask["n"]], "add": lambda: f[ask["n"]] + g[ask["m"]], "inner": lambda: f[g[ask["n"]]]}
    return str(values[query]())
