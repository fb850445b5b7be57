"""Password hashing: argon2id in threads, a few at a time, the same work for a user who does not exist."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """argon2id hashes and checks.

    Each takes its memory (64 MiB by default) and one core: `at_once` bounds how many run, the others wait their turn.
    """

    def __init__(self, memory_kib: int, rounds: int, at_once: int) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._turns = asyncio.Semaphore(at_once)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one of `stored`; with None, the same work against a hash that nobody has."""
        async with self._turns:
            right = await asyncio.to_thread(self._check, stored or self._nobodys, password)
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
