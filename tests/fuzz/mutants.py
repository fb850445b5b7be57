"""The control of the walks: identity with one guard taken away at a time. A walk must notice each of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from areaclienti.identity import audit, challenges, limits, matching, vault
from areaclienti.identity.db.models import Challenge
from areaclienti.identity.ports.challenges import sql as codes
from areaclienti.identity.work import Work


def unlimited_attempts() -> AbstractContextManager[Any]:
    """Each guess is compared, however many there were."""

    async def reserve(work: Work, challenge: Challenge) -> int:
        return 1

    return mock.patch.object(challenges, "reserve_attempt", reserve)


def unlimited_events() -> AbstractContextManager[Any]:
    """Nothing is counted: tax codes, matches and codes without end."""

    async def free(*_: Any, **__: Any) -> None:
        return None

    return mock.patch.object(limits, "seconds_until_free", free)


def codes_outlive_their_successors() -> AbstractContextManager[Any]:
    """An older code is not withdrawn when a new one is sent."""

    async def nothing(*_: Any) -> None:
        return None

    return mock.patch.object(challenges, "withdraw", nothing)


def references_of_everybody() -> AbstractContextManager[Any]:
    """Secrets are kept under one name for all conversations."""
    deposit, take = vault.deposit, vault.take

    async def deposit_for_all(work: Work, conversation_id: str, *rest: Any) -> vault.Deposit:
        return await deposit(work, "everybody", *rest)

    async def take_of_all(work: Work, reference: str, conversation_id: str, purpose: vault.Purpose) -> str | None:
        return await take(work, reference, "everybody", purpose)

    return mock.patch.multiple(vault, deposit=deposit_for_all, take=take_of_all)


def any_name_for_a_tax_code() -> AbstractContextManager[Any]:
    """Contacts are shown to whoever knows a tax code."""
    return mock.patch.object(matching, "_is_close", lambda *_: True)


def any_code() -> AbstractContextManager[Any]:
    """A wrong code is as good as the right one."""
    return mock.patch.object(codes, "same", lambda *_: True)


def audit_without_a_chain() -> AbstractContextManager[Any]:
    """Each row of the audit stands for itself."""
    numbers = itertools.count()
    return mock.patch.object(audit, "_digest", lambda *_: f"{next(numbers):064d}")


MUTANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    mutant.__name__: mutant
    for mutant in (
        unlimited_attempts,
        unlimited_events,
        codes_outlive_their_successors,
        any_name_for_a_tax_code,
        any_code,
        references_of_everybody,
        audit_without_a_chain,
    )
}
