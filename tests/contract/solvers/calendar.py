"""Answers calendar questions by writing the whole month out."""

import itertools
import json
from typing import Any

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def solve(description_text: str, ask: dict[str, Any]) -> str:
    facts = json.loads(description_text)
    days = itertools.dropwhile(lambda day: day != facts["first"], itertools.cycle(DAYS))
    month = dict(zip(range(1, facts["days"] + 2), days, strict=False))
    following = month.pop(facts["days"] + 1)
    query, marked = ask["query"], facts["marked"]
    if query == "next":
        return following
    if query in ("weekday", "marked"):
        return month[ask["date"] if query == "weekday" else marked[0]]
    if query == "rest":
        return str(sum(date > marked[0] for date in month))
    if query == "between":
        return str(max(marked) - min(marked))
    if query in ("later", "earlier"):
        date = marked[0] + ask["days"] * (1 if query == "later" else -1)
        assert date in month and len(marked) == 1
        return str(date)
    dates = [date for date, day in month.items() if day == ask["day"]]
    return str(dates[ask["rank"] - 1])
