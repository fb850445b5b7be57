"""The vault: rules, single use, bindings, expiry, and that nothing readable is stored."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from areaclienti.identity import vault
from areaclienti.identity.db.models import VaultEntry
from tests.unit.identity.world import MARIO, MARIO_TAX_CODE, PASSWORD, World


async def take(world: World, reference: str, purpose: vault.Purpose, conversation: str = "conv-1") -> str | None:
    async with world.services.work() as work:
        return await vault.take(work, reference, conversation, purpose)


@pytest.mark.parametrize(
    ("purpose", "value", "failed_rules"),
    [
        ("password", "corta1A", ["min_length"]),
        ("password", "tramonto9giallo", ["uppercase"]),
        ("password", "TRAMONTO9GIALLO", ["lowercase"]),
        ("password", "TramontoGiallo", ["digit"]),
        ("password", "Ab1" * 43, ["too_long"]),
        ("password", "", ["min_length", "uppercase", "lowercase", "digit"]),
        ("verification_code", "12345", ["six_digits"]),
        ("tax_code", "MRRSS45P37612P", ["not_a_tax_code"]),  # the manual's own example has 14 characters
    ],
)
async def test_a_secret_against_the_rules_is_refused_with_them_and_not_stored(
    world: World, purpose: str, value: str, failed_rules: list[str]
) -> None:
    asked = {"conversation_id": "conv-1", "purpose": purpose, "value": value}
    answer = await world.gateway("POST", "/v1/vault/secrets", asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "secret_rejected")
    assert answer.json()["failed_rules"] == failed_rules
    assert not value or value not in answer.text
    async with world.services.database.read() as session:
        assert (await session.scalars(select(VaultEntry))).all() == []


async def test_a_secret_can_be_taken_once_even_by_many_at_the_same_time(world: World) -> None:
    reference = await world.deposit("tax_code", MARIO_TAX_CODE.lower())
    taken = await asyncio.gather(*(take(world, reference, "tax_code") for _ in range(20)))
    assert [value for value in taken if value is not None] == [MARIO_TAX_CODE]


async def test_a_secret_is_bound_to_its_conversation_and_purpose(world: World) -> None:
    reference = await world.deposit("verification_code", "123 456")
    assert await take(world, reference, "verification_code", "conv-2") is None
    assert await take(world, reference, "tax_code") is None
    assert await take(world, reference, "verification_code") == "123456"


async def test_a_new_secret_of_the_same_purpose_replaces_the_old_one(world: World) -> None:
    old = await world.deposit("verification_code", "111111")
    other = await world.deposit("verification_code", "333333", "conv-2")
    new = await world.deposit("verification_code", "222222")
    assert await take(world, old, "verification_code") is None
    assert await take(world, new, "verification_code") == "222222"
    assert await take(world, other, "verification_code", "conv-2") == "333333"


@pytest.mark.parametrize(
    ("purpose", "value", "minutes"),
    [("password", PASSWORD, 30), ("verification_code", "123456", 10), ("tax_code", MARIO_TAX_CODE, 10)],
)
async def test_a_secret_expires(world: World, purpose: vault.Purpose, value: str, minutes: int) -> None:
    early, late = await world.deposit(purpose, value, "conv-1"), await world.deposit(purpose, value, "conv-2")
    world.clock.move(minutes=minutes, seconds=-1)
    assert await take(world, early, purpose, "conv-1") is not None
    world.clock.move(seconds=1)
    assert await take(world, late, purpose, "conv-2") is None


async def test_a_password_is_kept_as_a_sealed_argon2id_hash_and_codes_sealed(world: World) -> None:
    reference = await world.deposit("password", PASSWORD)
    await world.deposit("tax_code", MARIO_TAX_CODE)
    async with world.services.database.read() as session:
        stored = " ".join((await session.scalars(select(VaultEntry.sealed))).all())
        references = (await session.scalars(select(VaultEntry.reference_sha256))).all()
    assert "argon2" not in stored and MARIO_TAX_CODE not in stored and PASSWORD not in stored
    assert reference not in references
    assert str(await take(world, reference, "password")).startswith("$argon2id$v=19$m=8192,t=1,p=1$")


async def test_a_sealed_secret_cannot_be_moved_to_another_reference(world: World) -> None:
    await world.deposit("verification_code", "111111", "conv-1")
    target = await world.deposit("verification_code", "222222", "conv-2")
    async with world.services.database.write() as session:
        entries = {entry.conversation_id: entry for entry in await session.scalars(select(VaultEntry))}
        entries["conv-2"].sealed = entries["conv-1"].sealed
    with pytest.raises(ValueError, match="does not belong here"):
        await take(world, target, "verification_code", "conv-2")


async def test_the_password_reference_cannot_be_used_for_a_second_registration(world: World) -> None:
    asked = MARIO | {
        "conversation_id": "conv-1",
        "channel": "web",
        "password_reference": await world.deposit("password", PASSWORD),
        "acknowledgement_id": await world.acknowledge(),
    }
    assert (await world.actions("/v1/registrations", asked)).json()["outcome"] == "code_sent"
    again = await world.actions("/v1/registrations", asked)
    assert (again.status_code, again.json()["code"]) == (409, "password_reference_invalid")
