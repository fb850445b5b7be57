"""Edit distance with transpositions, for what only a strong identifier or the customer's own confirmation may use."""

from __future__ import annotations


def edits(left: str, right: str, *, swap: int = 1) -> int:
    """How many insertions, deletions, substitutions or swaps of neighbours turn `left` into `right`.

    Optimal string alignment: a letter that was swapped is not edited again. With `swap=2` a swap counts as the two
    substitutions that it is.
    """
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for row, one in enumerate(left, start=1):
        current = [row]
        for column, other in enumerate(right, start=1):
            cost = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (one != other))
            if row > 1 and column > 1 and one == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + swap)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]
