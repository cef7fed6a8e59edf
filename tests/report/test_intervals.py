import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onevision.report.intervals import difference, guess_interval, mcnemar, pass_at_k, score_interval, wilson


def test_wilson_against_worked_figures():
    """Newcombe (1998), table I: 81 of 263 and 0 of 20."""
    assert (round(wilson(81, 263).low, 4), round(wilson(81, 263).high, 4)) == (0.2553, 0.3662)
    assert (wilson(0, 20).low, round(wilson(0, 20).high, 4)) == (0.0, 0.1611)


@settings(deadline=None)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share(counts):
    one = wilson(*counts)
    assert -1e-9 <= one.low <= one.value <= one.high <= 1 + 1e-9


def test_versions_of_one_problem_widen_the_interval():
    """Five copies of 100 problems know no more than the 100 problems."""
    rng = np.random.default_rng(3)
    scores = [float(x) for x in rng.random(100) < 0.4]
    ids = [str(i) for i in range(100)]
    once = wilson(int(sum(scores)), 100)
    copied = score_interval(scores * 5, ids * 5)
    naive = score_interval(scores * 5, [str(i) for i in range(500)])
    assert copied.value == pytest.approx(once.value)
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.1)
    assert naive.high - naive.low < 0.55 * (copied.high - copied.low)


def test_the_bootstrap_covers_the_truth():
    """Of 100 samples of 60 clusters with a known mean about 95 % of the intervals hold it."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(100):
        chance = rng.random(60)
        scores = (rng.random((60, 4)) < chance[:, None]).astype(float).ravel()
        one = score_interval(scores.tolist(), [str(i // 4) for i in range(240)])
        held += one.low <= 0.5 <= one.high
    assert 0.88 <= held / 100 <= 0.99


def test_mcnemar_is_the_exact_binomial():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 1024)
    assert mcnemar(3000, 2000) < 1e-40


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_does_not_care_who_is_first(a, b):
    assert mcnemar(a, b) == mcnemar(b, a) <= 1


def test_difference_is_paired():
    first = [float(i % 2) for i in range(200)]
    same = difference(first, first, [str(i) for i in range(200)])
    assert (same.low, same.value, same.high) == (0, 0, 0)
    better = difference([0.0] * 200, first, [str(i) for i in range(200)])
    assert better.value == 0.5
    assert 0.40 < better.low < 0.46 < 0.54 < better.high < 0.60


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_subsets_with_a_right_one(numbers):
    right, total, k = numbers
    from itertools import combinations

    subsets = list(combinations(range(total), k))
    share = Fraction(sum(any(i < right for i in subset) for subset in subsets), len(subsets))
    assert pass_at_k(right, total, k) == pytest.approx(float(share))


def test_guessing():
    one = guess_interval([0.2] * 304)
    sd = math.sqrt(0.2 * 0.8 / 304)
    assert one.value == pytest.approx(0.2)
    assert one.low == pytest.approx(0.2 - 1.96 * sd, abs=0.01)
    assert one.high == pytest.approx(0.2 + 1.96 * sd, abs=0.01)
