"""Reads the one bracketed letter of a text."""

import re
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    assert ask == {"query": "marked"}
    (letter,) = re.findall(r"^[A-Za-z]*\(([A-Za-z])\)[A-Za-z]*$", description_text)
    return str(letter)
