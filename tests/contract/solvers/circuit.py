"""Solves a netlist by nodal analysis (Kirchhoff's laws) in exact fractions."""

from fractions import Fraction
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = [line.split() for line in description_text.split("\n")]
    volts = Fraction(next(row[3] for row in rows if row[0] == "V1"))
    wires = [(row[1], row[2]) for row in rows if row[3] == "closed"]
    join = _joined(wires)
    edges = {row[0]: (join(row[1]), join(row[2]), Fraction(1 if row[3] == "lamp" else row[3]))
             for row in rows if row[0] != "V1" and row[3] not in ("open", "closed")}  # fmt: skip
    potential = _potentials(list(edges.values()), join("1"), join("0"), volts)
    currents = {name: abs(potential[a] - potential[b]) / ohms for name, (a, b, ohms) in edges.items()}
    if ask["query"] in ("lit", "dark"):
        wanted = ask["query"] == "lit"
        return ", ".join(sorted(name[1:] for name, current in currents.items() if bool(current) == wanted)) or "none"
    if ask["query"] == "branch":
        return f"{float(currents[ask['part']]):g}"
    if ask["query"] == "voltage":
        a, b, _ = edges[ask["part"]]
        return f"{float(abs(potential[a] - potential[b])):g}"
    total = sum(current for name, current in currents.items() if join("1") in edges[name][:2])
    return f"{float(total if ask['query'] == 'current' else volts / total):g}"


def _joined(wires: list[tuple[str, str]]) -> Any:
    """A function from a node to the one that stands for all nodes joined to it."""
    names: dict[str, str] = {}

    def join(node: str) -> str:
        while node in names:
            node = names[node]
        return node

    for a, b in wires:
        first, second = sorted((join(a), join(b)))
        if first != second:
            names[second] = first
    return join


def _potentials(edges: list[tuple[str, str, Fraction]], plus: str, minus: str, volts: Fraction) -> dict[str, Fraction]:
    """Node potentials; a node that hangs in the air gets that of what it hangs on, or 0."""
    nodes = sorted({node for a, b, _ in edges for node in (a, b)} | {plus, minus})
    free = [node for node in nodes if node not in (plus, minus)]
    fixed = {plus: volts, minus: Fraction(0)}
    matrix = []
    for node in free:
        row = [Fraction(0)] * (len(free) + 1)
        for a, b, ohms in edges:
            if node in (a, b) and a != b:
                other = b if node == a else a
                row[free.index(node)] += 1 / ohms
                if other in fixed:
                    row[-1] += fixed[other] / ohms
                else:
                    row[free.index(other)] -= 1 / ohms
        matrix.append(row)
    return fixed | dict(zip(free, _gauss(matrix), strict=True))


def _gauss(matrix: list[list[Fraction]]) -> list[Fraction]:
    """The solution of the rows (coefficients, right side); unknowns that nothing determines are 0."""
    size, pivots = len(matrix), {}
    for column in range(size):
        at = next((k for k, row in enumerate(matrix) if k not in pivots.values() and row[column]), None)
        if at is None:
            continue
        pivots[column] = at
        matrix[at] = [value / matrix[at][column] for value in matrix[at]]
        for k, row in enumerate(matrix):
            if k != at and row[column]:
                matrix[k] = [v - row[column] * p for v, p in zip(row, matrix[at], strict=True)]
    return [matrix[pivots[column]][-1] if column in pivots else Fraction(0) for column in range(size)]
