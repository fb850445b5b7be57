"""The refusals that the service answers with: a code and English words for operators, never what was sent."""

from __future__ import annotations


class Refused(Exception):
    """A request that is refused. Whatever the transaction had done is undone."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class SecretRejected(Refused):
    """A secret that does not keep the rules; nothing is stored."""

    def __init__(self, failed_rules: list[str]) -> None:
        super().__init__(422, "secret_rejected", "The secret does not keep the rules listed.")
        self.failed_rules = failed_rules
