"""Balances levers and pans by trying masses, distances and box weights one after another."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = [line.split(",") for line in description_text.split("\n")[1:]]
    query = ask["query"]
    if query == "box":
        return str(next(x for x in range(1, 1000) if _pan(rows, "left", x) == _pan(rows, "right", x)))
    if query == "torque":
        return str(abs(_turn([row for row in rows if row[0] == ask["side"]], 0)))
    if query == "difference":
        return str(abs(_turn(rows, 0)))
    if query == "mass":
        return str(next(kg for kg in range(1, 1000) if _turn(rows, kg) == 0))
    return str(next(at for at in range(1, 100) if _turn([*rows, ["right", str(at), str(ask["n"])]], 0) == 0))


def _pan(rows: list[list[str]], pan: str, x: int) -> int:
    return sum(x if kg == "x" else int(kg) for name, kg in rows if name == pan)


def _turn(rows: list[list[str]], unknown: int) -> int:
    total = 0
    for side, marks, kg in rows:
        total += (1 if side == "right" else -1) * int(marks) * (unknown if kg == "?" else int(kg))
    return total
