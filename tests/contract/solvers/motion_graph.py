"""Answers questions about motion from a list of who was where, or how fast, when."""

from fractions import Fraction
from typing import Any

Track = list[tuple[Fraction, Fraction]]


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = [line.split(",") for line in description_text.split("\n")[1:]]
    track = [(Fraction(t), Fraction(v)) for who, t, v in rows if who == ask["who"]]
    other = [(Fraction(t), Fraction(v)) for who, t, v in rows if who == ask.get("other")]
    start, end = Fraction(ask.get("t", 0)), Fraction(ask.get("u", 0))
    query = ask["query"]
    if query == "when":
        return str(min(t for t, v in track if v == ask["s"]))
    if query == "way":
        return str(sum(abs(track[k][1] - track[k - 1][1]) for k in range(1, len(track))))
    if query == "gap":
        return str(abs(_at(track, start) - _at(other, start)))
    rise = _at(track, end) - _at(track, start)
    found = {"read": _at(track, start), "speed": abs(rise) / (end - start or 1), "change": rise / (end - start or 1)}
    # Simpson's rule is exact for straight pieces between neighbouring whole times.
    found["area"] = sum(((_at(track, Fraction(t)) + _at(track, Fraction(t + 1))) / 2 for t in range(int(start), int(end))), Fraction(0))
    return _number(found[query])


def _at(track: Track, time: Fraction) -> Fraction:
    before = max(point for point in track if point[0] <= time)
    after = min(point for point in track if point[0] >= time)
    share = (time - before[0]) / (after[0] - before[0] or 1)
    return before[1] + share * (after[1] - before[1])


def _number(value: Fraction) -> str:
    return f"{float(value):g}" if 20 % value.denominator == 0 and value.denominator < 6 else str(value)
