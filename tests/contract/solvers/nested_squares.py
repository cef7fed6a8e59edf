"""Counts the squares of a chain `1 > 2 > 3`."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    return str(description_text.count(">") + 1)
