"""Counts the `colour path: X Y` lines that join the two stations asked for."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    wanted = set(ask["stations"])
    return str(sum(set(line.partition(" path: ")[2].split()) == wanted for line in description_text.splitlines()))
