"""Answers questions about volumes from lines of `vessel,scale to,mL`."""

from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = [line.split(",") for line in description_text.split("\n")[1:]]
    volumes = {name: Fraction(ml) for name, _, ml in rows}
    a, b = ask["vessels"][0], ask["vessels"][-1]
    if ask["query"] == "most":
        return sorted(volumes, key=lambda name: volumes[name])[-1]
    answers = {
        "read": volumes[a],
        "sum": volumes[a] + volumes[b],
        "difference": abs(volumes[a] - volumes[b]),
        "room": next(Fraction(top) for name, top, _ in rows if name == a) - volumes[a],
        "all": sum(volumes.values(), Fraction(0)),
        "share": (volumes[a] + volumes[b]) / 2,
    }
    return f"{float(answers[ask['query']]):g}"
