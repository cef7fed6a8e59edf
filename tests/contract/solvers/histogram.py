"""Answers histogram questions from lines of `from,to,count`."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    bins = [tuple(map(int, line.split(","))) for line in description_text.split("\n")[1:]]
    query, counts = ask["query"], [n for _, _, n in bins]
    if query == "most":
        assert counts.count(max(counts)) == 1
        return str(bins[counts.index(max(counts))][0])
    chosen = {
        "read": lambda low, high: low == ask["from"],
        "total": lambda low, high: True,
        "from": lambda low, high: low >= ask["bound"],
        "below": lambda low, high: high <= ask["bound"],
        "bins": lambda low, high: True,
    }[query]
    if query == "bins":
        return str(sum(n > ask["n"] for n in counts))
    return str(sum(n for low, high, n in bins if chosen(low, high)))
