"""Answers clock questions from where the hands are."""

import re
from datetime import datetime, timedelta
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    numbers = list(map(int, re.findall(r"\d+", description_text)))
    passed, following, minute, *second = numbers
    # The short hand is on a number exactly on the hour, and on the way to the next one at all other times.
    assert (passed == following) == (minute == 0)
    assert following in (passed, passed % 12 + 1)
    if ask["query"] == "second":
        return str(second[0])
    if ask["query"] == "hour":
        return str(passed)
    if ask["query"] == "minute":
        return str(minute)
    if ask["query"] == "left":
        return str(60 - minute)
    shown = datetime(2025, 1, 1, passed, minute) + timedelta(minutes=ask.get("minutes", 0))
    return shown.strftime("%I:%M").removeprefix("0")
