"""How sure a score is: 95 % intervals, paired differences, and the estimators of several completions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

RESAMPLES = 2000
Z = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"


def score_interval(scores: Sequence[float], clusters: Sequence[str]) -> Interval:
    """The mean of scores in 0..1. Rows of one cluster (the versions of a problem) are not independent: clusters are
    resampled whole (Efron & Tibshirani 1993, percentiles). Where every row stands alone and is right or wrong, Wilson's
    score interval (1927), which keeps its width at 0 % and 100 %."""
    values = np.asarray(scores, dtype=float)
    if len(set(clusters)) == len(values) and set(scores) <= {0.0, 1.0}:
        return wilson(int(values.sum()), len(values))
    sums, counts = _by_cluster(values, clusters)
    weights = _weights(len(sums))
    means = weights @ sums / (weights @ counts)
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(float(values.mean()), float(low), float(high))


def wilson(right: int, total: int) -> Interval:
    """Wilson's score interval of right / total."""
    share, spread = right / total, Z * Z / total
    middle = share + spread / 2
    half = Z * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    # At 0 % and 100 % rounding would push an end past the share itself.
    return Interval(share, min(share, (middle - half) / (1 + spread)), max(share, (middle + half) / (1 + spread)))


def guess_interval(chances: Sequence[float]) -> Interval:
    """What guessing at random scores, and where 95 % of such runs lie. chances: each problem's chance to be guessed."""
    rng = np.random.default_rng(0)
    runs = np.array([(rng.random(len(chances)) < np.asarray(chances)).mean() for _ in range(RESAMPLES)])
    low, high = np.percentile(runs, (2.5, 97.5))
    return Interval(float(np.mean(chances)), float(low), float(high))


def difference(first: Sequence[float], second: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Mean of second - first over the same problems, with a paired cluster bootstrap."""
    deltas = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    sums, counts = _by_cluster(deltas, clusters)
    weights = _weights(len(sums))
    low, high = np.percentile(weights @ sums / (weights @ counts), (2.5, 97.5))
    return Interval(float(deltas.mean()), float(low), float(high))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test (1947): how surprising the split of the problems that one model alone
    has right is, if it were a fair coin's."""
    total, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(total, i) for i in range(fewer + 1))
    # Whole numbers of any size, so a benchmark of thousands does not overflow.
    return min(1.0, 2 * tail / 2**total)


def pass_at_k(right: int, total: int, k: int) -> float:
    """The chance that one of k completions is right, estimated from `total` (Chen et al. 2021, arXiv:2107.03374)."""
    return 1.0 - math.comb(total - right, k) / math.comb(total, k)


def _by_cluster(values: np.ndarray, clusters: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    return np.bincount(index, weights=values), np.bincount(index).astype(float)


@lru_cache(maxsize=2)
def _weights(clusters: int) -> np.ndarray:
    """How often each cluster is drawn in each resample: (RESAMPLES, clusters)."""
    rng = np.random.default_rng(0)
    return rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=RESAMPLES).astype(np.float32)
