"""Two runs over the same problems: who is better, and could that be chance."""

from dataclasses import dataclass

from onevision.report.intervals import Interval, difference, mcnemar
from onevision.report.tables import Run


@dataclass(frozen=True)
class Paired:
    """Two runs on the problems that both answered and that could be judged in both. only_first, only_second: problems
    that one alone has right (by majority where there are several completions); p: of McNemar's exact test."""

    name: str
    problems: int
    first: float
    second: float
    difference: Interval
    only_first: int
    only_second: int
    p: float


def compare(first: Run, second: Run) -> Paired | None:
    """None when the runs share no judged problem."""
    others = {record["id"]: record for record in second.records}
    pairs = [(one, others[one["id"]]) for one in first.records if one["id"] in others]
    pairs = [(a, b) for a, b in pairs if a["score"] is not None and b["score"] is not None]
    if not pairs:
        return None
    scores = [[record["score"] for record in side] for side in zip(*pairs, strict=True)]
    right = [(a["majority"] == 1.0, b["majority"] == 1.0) for a, b in pairs]
    only_first, only_second = right.count((True, False)), right.count((False, True))
    return Paired(
        name=first.name,
        problems=len(pairs),
        first=sum(scores[0]) / len(pairs),
        second=sum(scores[1]) / len(pairs),
        difference=difference(scores[0], scores[1], [a["cluster"] for a, _ in pairs]),
        only_first=only_first,
        only_second=only_second,
        p=mcnemar(only_first, only_second),
    )
