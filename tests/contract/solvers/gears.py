"""Follows a gear train from `A[12 teeth 5 turns] -->|mesh| B[24 teeth]`."""

import re
from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    gears = re.findall(r"(\w)\[(\d+) teeth ?([^\]]*)\]", description_text)
    joints = re.findall(r"\|(\w+)\|", description_text)
    start = gears[0][2].split()
    if ask["query"] in ("turns", "speed"):
        assert start[1] == {"turns": "turns", "speed": "rpm"}[ask["query"]]
        rate = Fraction(start[0])
        for joint, (_, before, _), (_, after, _) in zip(joints, gears, gears[1:], strict=False):
            rate *= 1 if joint == "axle" else Fraction(int(before), int(after))
        assert gears[-1][0] == ask["gear"]
        return f"{float(rate):g}"
    sign = 1 if start[0] == "clockwise" else -1
    ways = {gears[0][0]: sign}
    for joint, (name, _, _) in zip(joints, gears[1:], strict=True):
        sign = -sign if joint == "mesh" else sign
        ways[name] = sign
    wanted = 1 if ask["query"] == "clockwise" else -1
    return ", ".join(sorted(name for name, way in ways.items() if way == wanted)) or "none"
