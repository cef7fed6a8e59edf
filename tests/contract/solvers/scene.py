"""Answers scene questions from `colour shape column,row` lines."""

import re
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    objects = [(c, s, int(x), int(y)) for c, s, x, y in re.findall(r"^(\w+) (\w+) (\d+),(\d+)$", description_text, re.M)]

    def having(kind: tuple[str | None, str | None]) -> list[tuple[str, str, int, int]]:
        return [o for o in objects if (not kind[0] or kind[0] == o[0]) and (not kind[1] or kind[1] == o[1])]

    found = [having(kind) for kind in ask["kinds"]]
    if ask["query"] == "count":
        return str(len(found[0]))
    if ask["query"] == "exists":
        return "Yes" if found[0] else "No"
    if ask["query"] == "compare":
        return "Yes" if len(found[0]) > len(found[1]) else "No"
    (_, _, ax, ay), (_, _, bx, by) = found[0][0], found[1][0]
    true = {"left of": ax < bx, "right of": ax > bx, "above": ay < by, "below": ay > by}
    return "Yes" if true[ask["relation"]] else "No"
