"""What the operator has to put right before the product can start, said in one line."""

from __future__ import annotations


class OperatorProblem(Exception):
    """Something only the operator can put right.

    `what` says what happened, `remedy` what to do; neither repeats a secret. `details` are lines to show below, such as
    the end of a log.
    """

    def __init__(self, what: str, remedy: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy
        self.details = details
