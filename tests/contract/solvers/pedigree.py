"""Answers kinship questions from rows of people, and finds sure carriers by ruling genotypes out until nothing changes."""

from itertools import product
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = [line.split(",") for line in description_text.split("\n")[1:]]
    parents = {who: {father, mother} - {""} for who, father, mother, _, _ in rows}
    query, name = ask["query"], ask["name"]
    if query in ("men", "women"):
        return _listed({who for who, _, _, sex, trait in rows if trait == "1" and sex == {"men": "m", "women": "f"}[query]})
    if query == "carriers":
        return _listed({who for who, genes in _genotypes(rows).items() if genes == {1}})
    own = parents[name]
    siblings = {who: {other for other in parents if other != who and parents[who] and parents[other] == parents[who]} for who in parents}
    found = {
        "parents": own,
        "siblings": siblings[name],
        "grandchildren": {who for who in parents if any(name in parents[parent] for parent in parents[who])},
        "uncles": {uncle for parent in own for uncle in siblings[parent]},
    }
    return _listed(found[query])


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _genotypes(rows: list[list[str]]) -> dict[str, set[int]]:
    """The numbers of recessive alleles that each person may have; exact, since the family is a tree."""
    possible = {who: {2} if trait == "1" else {0, 1} for who, _, _, _, trait in rows}
    changed = True
    while changed:
        changed = False
        for child, father, mother, _, _ in rows:
            if not father:
                continue
            trio = (father, mother, child)
            fits = [genes for genes in product(*(sorted(possible[p]) for p in trio)) if _inherited(*genes)]
            for person, values in zip(trio, zip(*fits, strict=True), strict=True):
                changed |= possible[person] != set(values)
                possible[person] = set(values)
    return possible


def _inherited(father: int, mother: int, child: int) -> bool:
    handed = [{0} if genes == 0 else {1} if genes == 2 else {0, 1} for genes in (father, mother)]
    return any(a + b == child for a in handed[0] for b in handed[1])
