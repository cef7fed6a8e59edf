"""What a check of a Description says, and how two bags of statements are compared."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

ROUND_TRIP = 0.9
"""The score from which a Description counts as drawn and read back."""


@dataclass(frozen=True)
class Check:
    """name: "parses", "round trip" or "leak". reason: what was found, one line. score: 0 to 1 where the check has one."""

    name: str
    valid: bool
    reason: str
    score: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that `onevision describe --json` prints."""
        return asdict(self)


def f1(first: Iterable[Hashable], second: Iterable[Hashable]) -> float:
    """Harmonic mean of precision and recall of two bags; 1 for two empty ones."""
    a, b = Counter(first), Counter(second)
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 1.0
