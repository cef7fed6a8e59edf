"""Adds up the shaded parts of one or two shapes."""

from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    marks: dict[str, list[str]] = {}
    for line in description_text.split("\n"):
        name, words = line.split(": ")
        marks.setdefault(name[0], []).extend(words.split())
    first, second = ([_shaded(words) for words in marks.values()] + [Fraction(0)])[:2]
    results = {
        "shaded": first,
        "blank": 1 - first,
        "percent": 100 * first,
        "sum": first + second,
        "difference": abs(first - second),
        "product": first * second,
    }
    return str(results[ask["query"]])


def _shaded(words: list[str]) -> Fraction:
    if len(words[0]) == 1:
        return Fraction(words.count("#"), len(words))
    return sum((Fraction(word[:-1]) for word in words if word.endswith("#")), Fraction(0))
