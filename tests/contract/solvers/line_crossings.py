"""Counts the crossings of two polylines segment by segment, by cross products."""

import itertools
import re
from typing import Any

Point = tuple[int, int]


def solve(description_text: str, ask: dict[str, Any]) -> str:
    first, second = ([(int(x), int(y)) for x, y in re.findall(r"\((\d+),(\d+)\)", line)] for line in description_text.split("\n"))
    pairs = [(s, t) for s in itertools.pairwise(first) for t in itertools.pairwise(second)]
    return str(sum(_cross(*s, *t) for s, t in pairs))


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, p: Point) -> int:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
