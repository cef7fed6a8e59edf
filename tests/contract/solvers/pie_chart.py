"""Answers pie chart questions from lines of `part,percent`, one of which may be `?`."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    shown = dict(line.split(",") for line in description_text.split("\n")[1:])
    shares = {name: int(share) for name, share in shown.items() if share != "?"}
    query = ask["query"]
    if query == "missing":
        assert list(shown.values()).count("?") == 1
        return str(100 - sum(shares.values()))
    assert sum(shares.values()) == 100
    if query in ("most", "least"):
        wanted = (max if query == "most" else min)(shares.values())
        (answer,) = [name for name, share in shares.items() if share == wanted]
        return answer
    if query == "above":
        return str(sum(share > ask["n"] for share in shares.values()))
    first = shares[ask["a"]]
    if query == "of":
        assert first * ask["n"] % 100 == 0
        return str(first * ask["n"] // 100)
    other = shares.get(ask.get("b", ""), 0)
    return str(first + other if query in ("read", "sum") else first - other)
