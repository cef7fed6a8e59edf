"""Answers shelf questions from lines of `shelf,goods,count,price`."""

from decimal import Decimal
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = [line.split(",") for line in description_text.split("\n")[1:]]
    count = {name: int(n) for _, name, n, _ in rows}
    price = {name: Decimal(p) for _, name, _, p in rows}
    assert len(count) == len(rows)
    query, a = ask["query"], ask.get("a", "")
    if query in ("dearest", "most"):
        rank: dict[str, Any] = price if query == "dearest" else count
        (answer,) = [name for name in rank if rank[name] == max(rank.values())]
        return answer
    if query == "beside":
        (board,) = [board for board, name, _, _ in rows if name == a]
        row = [name for shelf, name, _, _ in rows if shelf == board]
        return row[row.index(a) + {"left": -1, "right": 1}[ask["side"]]]
    if query in ("count", "more", "under"):
        counts = {
            "count": lambda: count[a],
            "more": lambda: count[a] - count[ask["b"]],
            "under": lambda: sum(p < Decimal(ask["price"]) for p in price.values()),
        }
        return str(counts[query]())
    cost = {"price": lambda: price[a], "all": lambda: count[a] * price[a], "buy": lambda: ask["n"] * price[a] + price[ask["b"]]}[query]()
    return f"{cost:.2f}".removesuffix(".00")
