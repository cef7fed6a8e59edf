"""Answers questions about a food web from the arrows of a Mermaid flow chart."""

import re
from itertools import pairwise
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    names = dict(re.findall(r"(\w)\[(\w+)\]", description_text))
    eats: dict[str, set[str]] = {name: set() for name in names.values()}
    for line in description_text.split("\n")[1:]:
        chain = re.findall(r"(?:^| )(\w)(?:\[\w+\])?(?= |$)", line)
        for food, eater in pairwise(chain):
            eats[names[eater]].add(names[food])
    eaten = set.union(*eats.values())
    a, b = (ask["names"] + ["", ""])[:2]
    first = {name for name, food in eats.items() if a in food}
    found = {
        "eaters": first,
        "food": eats.get(a, set()),
        "top": {name for name in eats if name not in eaten},
        "shared": {name for name, food in eats.items() if {a, b} <= food},
        "starve": {name for name, food in eats.items() if food == {a}},
        "second": {name for name, food in eats.items() if food & first},
    }
    return ", ".join(sorted(found[ask["query"]]))
