"""How well two sets of times can be told apart: AUC by rank, by a learned classifier, and Kolmogorov-Smirnov's D."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

_BINS = 16


def auc(a: Sequence[float], b: Sequence[float]) -> float:
    """The probability that one of `b` is larger than one of `a`, ties half; turned so that it is at least 0.5."""
    value = _auc(a, b)
    return max(value, 1 - value)


def learned_auc(a: Sequence[float], b: Sequence[float]) -> float:
    """The AUC of a classifier that may learn any shape (likelihood ratio by quantile bins), on what it has not seen.

    A difference of spread without one of place, which a threshold cannot see, is seen by this one. About 0.5, and by
    chance below, when there is nothing to learn.
    """
    halves = ((a[::2], b[::2], a[1::2], b[1::2]), (a[1::2], b[1::2], a[::2], b[::2]))
    return sum(_learn_and_test(*half) for half in halves) / 2


def kolmogorov_smirnov(a: Sequence[float], b: Sequence[float]) -> float:
    """The largest distance of the two distribution functions."""
    left, right = sorted(a), sorted(b)
    return max(
        abs(bisect.bisect_right(left, x) / len(left) - bisect.bisect_right(right, x) / len(right))
        for x in (*left, *right)
    )


def _auc(a: Sequence[float], b: Sequence[float]) -> float:
    left = sorted(a)
    below = sum((bisect.bisect_left(left, x) + bisect.bisect_right(left, x)) / 2 for x in b)
    return below / (len(a) * len(b))


def _learn_and_test(a: Sequence[float], b: Sequence[float], test_a: Sequence[float], test_b: Sequence[float]) -> float:
    pooled = sorted((*a, *b))
    edges = [pooled[len(pooled) * k // _BINS] for k in range(1, _BINS)]
    counts = [[1.0] * _BINS, [1.0] * _BINS]
    for which, values in enumerate((a, b)):
        for value in values:
            counts[which][bisect.bisect_right(edges, value)] += 1

    def score(value: float) -> float:
        place = bisect.bisect_right(edges, value)
        return math.log(counts[1][place] / counts[0][place])

    return _auc([score(x) for x in test_a], [score(x) for x in test_b])
