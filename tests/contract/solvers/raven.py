"""Completes matrices by testing, attribute by attribute, which rules the first two rows obey."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *lines = [line.split(",") for line in description_text.split("\n")]
    panels = {line[0]: line[1:] for line in lines}
    wanted = []
    for k in range(len(header) - 1):
        rows = [[panels.get(f"{r}{c}", [""] * 9)[k] for c in (1, 2, 3)] for r in (1, 2, 3)]
        (value,) = _predictions(rows)
        wanted.append(value)
    (answer,) = [letter for letter, values in panels.items() if letter.isalpha() and values == wanted]
    return answer


def _predictions(rows: list[list[str]]) -> set[str]:
    first, second, (a, b, _) = rows
    found = set()
    if len(set(first)) == len(set(second)) == 1 and a == b:
        found.add(a)
    if set(first) == set(second) and len(set(first)) == 3 and a != b and {a, b} < set(first):
        found |= set(first) - {a, b}
    if all(cell.isdigit() for cell in (*first, *second, a, b)):
        steps = {
            int(y) - int(x) for x, y in ((first[0], first[1]), (first[1], first[2]), (second[0], second[1]), (second[1], second[2]), (a, b))
        }
        if len(steps) == 1 and steps != {0}:
            found.add(str(int(b) + steps.pop()))
    return found
