"""Guessing passwords: one username from everywhere, many usernames from one address, and whom that locks out."""

from __future__ import annotations

import asyncio
from collections import Counter

from benchmarks.attack.attacker import PASSWORD, Attacker
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Population

GUESSES = 1_000
SPRAYED = 300
_AT_ONCE = 16
_DOUBLINGS = 10  # waits of 1, 2, 4 … s: so many end within 17 minutes, longer than the attack lasts


async def lockout(attacker: Attacker, population: Population, guesses: int = GUESSES) -> Finding:
    """1,000 guesses at one username from 1,000 addresses; meanwhile its owner signs in from where he is known."""
    (owner,) = people = population.people(1)
    password_hash = await attacker.target.services.passwords.hash(PASSWORD)
    await population.open_accounts(await population.put_on_file(people), people, password_hash, confirmed=True)
    home = "198.51.100.7"
    before = (await attacker.sign_in(owner.email, PASSWORD, home)).json()["outcome"]
    outcomes: Counter[str] = Counter()
    numbers, owners = iter(range(guesses)), Counter[str]()

    async def guess() -> None:
        for number in numbers:
            answer = await attacker.sign_in(owner.email, f"Indovina{number}Tutto", attacker.conversation().address)
            outcomes[answer.json()["outcome"]] += 1
            if number % (guesses // 10) == guesses // 20:
                owners[(await attacker.sign_in(owner.email, PASSWORD, home)).json()["outcome"]] += 1

    await asyncio.gather(*(guess() for _ in range(_AT_ONCE)))
    away = (await attacker.sign_in(owner.email, PASSWORD, "203.0.113.9")).json()
    finding = Finding(
        f"{guesses} guesses at one username, and its owner",
        {
            "guesses": dict(outcomes),
            "owner_from_his_known_address": dict(owners),
            "owner_from_a_new_address": away["outcome"],
            "he_waits_seconds": away["retry_after_seconds"],
        },
    )
    finding.expect(before == "signed_in", "the owner could not sign in before the attack")
    finding.expect(set(owners) == {"signed_in"}, f"the owner was kept out: {dict(owners)}")
    finding.expect(set(outcomes) <= {"rejected", "wait"}, f"guesses had outcomes {dict(outcomes)}")
    looked_at = attacker.target.settings.sign_in_username_failures + _DOUBLINGS
    finding.expect(outcomes["rejected"] <= looked_at, f"{outcomes['rejected']} guesses were looked at")
    longest = attacker.target.settings.sign_in_max_wait_seconds
    finding.expect((away["retry_after_seconds"] or 0) <= longest + 1, "the wait has no end")
    return finding


async def spraying(attacker: Attacker, population: Population, usernames: int = SPRAYED) -> Finding:
    """One likely password for each of many usernames, all from one address."""
    people = population.people(usernames)
    outcomes: Counter[str] = Counter()
    todo = iter(people)

    async def guess() -> None:
        for person in todo:
            outcomes[(await attacker.sign_in(person.email, "Primavera2026", "198.51.100.66")).json()["outcome"]] += 1

    await asyncio.gather(*(guess() for _ in range(_AT_ONCE)))
    finding = Finding(f"one password for {usernames} usernames from one address", {"guesses": dict(outcomes)})
    allowed = attacker.target.settings.sign_in_address_failures
    finding.expect(outcomes["rejected"] <= allowed + _DOUBLINGS, f"{outcomes['rejected']} guesses were looked at")
    finding.expect(outcomes["wait"] > 0, "the address was never made to wait")
    return finding
