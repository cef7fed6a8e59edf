"""Answers box plot questions from lines of `group,min,q1,median,q3,max`."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *lines = [line.split(",") for line in description_text.split("\n")]
    groups = {name: dict(zip(header[1:], map(int, cells), strict=True)) for name, *cells in lines}
    for five in groups.values():
        assert list(five.values()) == sorted(set(five.values()))
    query = ask["query"]
    if query == "read":
        return str(groups[ask["a"]][ask["number"]])
    if query in ("range", "iqr"):
        five = groups[ask["a"]]
        return str(five["max"] - five["min"] if query == "range" else five["q3"] - five["q1"])
    if query == "difference":
        return str(groups[ask["a"]][ask["number"]] - groups[ask["b"]][ask["number"]])
    if query == "above":
        return str(sum(five[ask["number"]] > ask["n"] for five in groups.values()))
    rank = {name: five[ask["number"]] if query == "best" else five["q3"] - five["q1"] for name, five in groups.items()}
    (answer,) = [name for name in rank if rank[name] == max(rank.values())]
    return answer
