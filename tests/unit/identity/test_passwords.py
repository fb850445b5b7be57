"""Passwords as they are compared: exactly as typed, up to the longest, for as long as they are kept."""

from __future__ import annotations

import unicodedata

import pytest

from tests.unit.identity.world import MARIO, World

USERNAME = MARIO["contact"]
TYPED = "  Perché no? Tramonto 9 "  # blanks at the ends and an accent, as a customer may choose them


async def account_with(world: World, password: str) -> None:
    asked = MARIO | {
        "conversation_id": "conv-1",
        "channel": "web",
        "password_reference": await world.deposit("password", password),
        "acknowledgement_id": await world.acknowledge(),
    }
    begun = (await world.actions("/v1/registrations", asked)).json()
    made = await world.verify(begun["registration_id"], await world.newest_code())
    assert made.json()["outcome"] == "account_created"


async def outcome(world: World, password: str, address: str = "192.0.2.1") -> str:
    return str((await world.sign_in(USERNAME, password, address)).json()["outcome"])


@pytest.mark.parametrize(
    "other",
    [
        TYPED.strip(),
        TYPED.rstrip(),
        TYPED.lower(),
        TYPED.swapcase(),
        TYPED[:-2],
        f"{TYPED} ",
        TYPED.replace("é", "e"),
        unicodedata.normalize("NFD", TYPED),
    ],
    ids=["stripped", "right end", "lower case", "case", "cut", "longer", "accent", "other encoding"],
)
async def test_a_password_is_compared_exactly_as_it_was_typed(world: World, other: str) -> None:  # ASVS 6.2.8
    await account_with(world, TYPED)
    assert other != TYPED
    assert await outcome(world, other) == "rejected"
    assert await outcome(world, TYPED) == "code_required"


async def test_a_password_of_128_characters_counts_to_its_last(world: World) -> None:  # ASVS 6.2.8, 6.2.9
    longest = "Tramonto9Giallo-" * 8
    assert len(longest) == 128
    await account_with(world, longest)
    assert await outcome(world, f"{longest[:-1]}x") == "rejected"
    assert await outcome(world, longest[:72]) == "rejected"  # where bcrypt would have stopped to look
    assert await outcome(world, longest) == "code_required"


async def test_a_password_does_not_grow_old(world: World) -> None:  # ASVS 6.2.10
    await account_with(world, TYPED)
    world.clock.move(days=5 * 365)
    assert await outcome(world, TYPED) == "code_required"
