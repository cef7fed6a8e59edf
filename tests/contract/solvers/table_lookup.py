"""Answers table questions from lines of comma-separated cells."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *rows = [line.split(",") for line in description_text.split("\n")]
    at = header.index(ask["column"], 1)
    column = [(row[0], row[at]) for row in rows]
    query = ask["query"]
    if query == "value":
        return dict(column)[ask["row"]]
    if query == "where":
        (answer,) = [name for name, cell in column if cell == ask["value"]]
        return answer
    if query in ("most", "least"):
        ranked = sorted(column, key=lambda pair: int(pair[1]))
        assert len({cell for _, cell in ranked}) == len(ranked)
        return ranked[-1 if query == "most" else 0][0]
    if query == "count":
        return str(len([cell for _, cell in column if int(cell) > ask["above"]]))
    a, b = (int(dict(column)[name]) for name in ask["rows"])
    return str({"sum": a + b, "difference": a - b}[query])
