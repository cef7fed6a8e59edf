"""Adds up the regions of a Venn diagram, told by a table of 1 and 0."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *rows = [line.split(",") for line in description_text.split("\n")]
    if ask["query"] == "missing":
        return str(ask["total"] - sum(int(row[-1]) for row in rows if row[-1] != "?"))
    a, b = ask["sets"]
    total = 0
    for row in rows:
        inside = {name for name, mark in zip(header, row[:-1], strict=False) if mark == "1"}
        wanted = {
            "in": a in inside,
            "only": inside == {a},
            "both": {a, b} <= inside,
            "pair": {a, b} <= inside,
            "either": bool({a, b} & inside),
            "but": a in inside and b not in inside,
            "one": len(inside) == 1,
            "two": len(inside) == 2,
            "not": a not in inside,
            "neither": not inside,
            "all": True,
        }
        total += int(row[-1]) * wanted[ask["query"]]
    return str(total)
