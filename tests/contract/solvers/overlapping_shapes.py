"""Counts the words that name a shape in the rows."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    return str(description_text.split().count(ask["shape"]))
