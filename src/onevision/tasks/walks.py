"""Steps that walk down a list: what is asked stands on every line again, beside what it is compared with.

A small model finds "the row of F" hard to learn in one leap and "- E = F? no", "- F = F? yes" easy: each word follows from
a few near it. Names come after a space on either side of the sign, so that equal names are equal tokens.
"""

from collections.abc import Mapping, Sequence


def find(rows: Mapping[str, str], asked: str) -> str:
    """Down to the first row whose name is asked for. rows: what a line says, to the name that is compared; one must match."""
    lines = []
    for row, name in rows.items():
        lines.append(f"- {row} = {asked}? {'yes' if name == asked else 'no'}")
        if name == asked:
            return "\n".join(lines)
    raise ValueError(f"{asked!r} is none of {list(rows.values())}")


def count(rows: Sequence[tuple[str, bool]], question: str) -> str:
    """Every row, whether it counts, and how many do so far. rows: (what a line says, whether it counts); question: as in
    "= red circle" or "> 5"."""
    lines, total = [], 0
    for row, counts in rows:
        total += counts
        lines.append(f"- {row} {question}? {'yes' if counts else 'no'} {total}")
    return "\n".join(lines)


def best(values: Mapping[str, int], least: bool = False) -> str:
    """Every value against the largest (or least) so far; no two may be the same, and there must be one."""
    (name, value), *others = values.items()
    sign, lines = "<" if least else ">", [f"- {name} {value}"]
    for other, new in others:
        better = new < value if least else new > value
        lines.append(f"- {other} {new} {sign} {name} {value}? {'yes' if better else 'no'}")
        name, value = (other, new) if better else (name, value)
    return "\n".join(lines)
