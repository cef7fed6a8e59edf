"""Counts the atoms of a SMILES string without brackets or aromatic atoms, by a parser of its own."""

import re
from collections import Counter
from typing import Any

VALENCE = {"C": 4, "N": 3, "O": 2, "F": 1, "Cl": 1, "Br": 1}
MASS = {"H": 1, "C": 12, "N": 14, "O": 16, "F": 19, "Cl": 35.5, "Br": 80}
ORDER = {"-": 1, "=": 2, "#": 3}


def solve(description_text: str, ask: dict[str, Any]) -> str:
    counts = _atoms(description_text)
    query = ask["query"]
    if query == "formula":
        order = ["C", "H", *sorted(set(counts) - {"C", "H"})]
        return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in order if counts[symbol])
    if query == "mass":
        return f"{sum(MASS[symbol] * count for symbol, count in counts.items()):g}"
    return str({"carbons": counts["C"], "hydrogens": counts["H"], "atoms": sum(counts.values())}[query])


def _atoms(smiles: str) -> Counter[str]:
    symbols: list[str] = []
    used: list[int] = []
    rings: dict[str, tuple[int, int]] = {}
    stack: list[int] = []
    here, order = -1, 1
    for token in re.findall(r"Cl|Br|[CNOF]|[=#()]|\d", smiles):
        if token in VALENCE:
            symbols.append(token)
            used.append(0)
            if here >= 0:
                used[here] += order
                used[-1] += order
            here, order = len(symbols) - 1, 1
        elif token in ORDER:
            order = ORDER[token]
        elif token == "(":
            stack.append(here)
        elif token == ")":
            here = stack.pop()
        elif token in rings:
            other, first = rings.pop(token)
            used[here] += max(order, first)
            used[other] += max(order, first)
            order = 1
        else:
            rings[token] = (here, order)
            order = 1
    counts = Counter(symbols)
    counts["H"] = sum(VALENCE[symbol] - bonds for symbol, bonds in zip(symbols, used, strict=True))
    return counts
