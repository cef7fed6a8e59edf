"""Answers receipt questions from lines of `item[,count],amount`, the last of them the total."""

from decimal import Decimal
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *rows = [line.split(",") for line in description_text.split("\n")]
    lines, (last, *_, total) = rows[:-1], rows[-1]
    assert last == "TOTAL"
    amount = {row[0]: Decimal(row[-1]) for row in lines}
    count = {row[0]: int(row[1]) if "count" in header else 1 for row in lines}
    assert total == "?" or Decimal(total) == sum(amount.values())
    query = ask["query"]
    if query in ("dearest", "cheapest"):
        wanted = (max if query == "dearest" else min)(amount.values())
        (answer,) = [name for name in amount if amount[name] == wanted]
        return answer
    if query == "lines":
        return str(len(amount))
    if query == "pieces":
        return str(sum(count.values()))
    paid = {
        "price": lambda: amount[ask["a"]],
        "pair": lambda: amount[ask["a"]] + amount[ask["b"]],
        "total": lambda: sum(amount.values()),
        "change": lambda: Decimal(ask["paid"]) / 100 - Decimal(total),
        "single": lambda: amount[ask["a"]] / count[ask["a"]],
    }[query]()
    return f"{paid:.2f}"
