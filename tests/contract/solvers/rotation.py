"""Turns and mirrors patterns with numpy: one pattern a column of the CSV, its rows as strings."""

from typing import Any

import numpy as np


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *lines = [line.split(",") for line in description_text.split("\n")]
    patterns = {name: np.array([list(line[k]) for line in lines]) for k, name in enumerate(header)}
    query, first = ask["query"], patterns[header[0]]
    assert first.shape[0] == first.shape[1]
    if query == "alike":
        turns = [np.rot90(first, k) for k in (1, 2, 3)]
        (answer,) = [name for name in header[1:] if any(np.array_equal(patterns[name], turn) for turn in turns)]
        return answer
    if query == "angle":
        turns = [90 * k for k in range(4) if np.array_equal(np.rot90(first, -k), patterns["right"])]
        (angle,) = turns
        return str(angle)
    changed = {
        "turn": lambda: np.rot90(first, -ask["degrees"] // 90),
        "mirror": lambda: np.fliplr(first),
        "upside": lambda: np.flipud(first),
    }
    wanted = changed[query]()
    (answer,) = [name for name in header[1:] if np.array_equal(patterns[name], wanted)]
    return answer
