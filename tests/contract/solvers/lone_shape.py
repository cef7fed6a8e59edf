"""Answers questions about the one `colour shape column,row` line."""

import re
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    match = re.fullmatch(r"(\w+) (\w+) \d+,\d+", description_text)
    assert match
    colour, shape = match.groups()
    if ask["query"] in ("shape", "colour"):
        return shape if ask["query"] == "shape" else colour
    there = ask["kind"][0] in (None, colour) and ask["kind"][1] in (None, shape)
    return "Yes" if there == (ask["query"] == "present") else "No"
