"""Answers questions about points with complex numbers."""

import re
from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    points = {n: complex(int(x), int(y)) for n, x, y in re.findall(r"^(\w): \((-?\d+),(-?\d+)\)$", description_text, re.M)}
    query = ask["query"]
    if query == "which":
        x, y = re.findall(r"-?\d+", ask["at"])
        return next(name for name, point in points.items() if point == complex(int(x), int(y)))
    a, b, c = ([points[name] for name in ask["points"]] + [0j, 0j])[:3]
    if query == "slope":
        return str(Fraction(int((b - a).imag)) / Fraction(int((b - a).real)))
    if query == "square":
        return str(round(abs(b - a) ** 2))
    if query == "area":
        area = abs(((b - a).conjugate() * (c - a)).imag) / 2
        return f"{area:.1f}".removesuffix(".0")
    mirrored = {"x-axis": a.conjugate(), "y-axis": -a.conjugate(), "origin": -a}.get(ask.get("axis", ""), 0j)
    moved = a + complex(ask.get("dx", 0), ask.get("dy", 0))
    found = {"read": a, "mirror": mirrored, "move": moved, "midpoint": (a + b) / 2, "fourth": a + c - b}[query]
    return f"({int(found.real)},{int(found.imag)})"
