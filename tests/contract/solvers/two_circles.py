"""Reads the relation of two circles; circles that overlap touch."""

import re
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    relation = re.findall(r" circle (\w+)(?: from)? \w+ circle$", description_text)[0]
    meeting = {"touching": {"touches", "overlaps"}, "overlapping": {"overlaps"}}[ask["query"]]
    return "Yes" if relation in meeting else "No"
