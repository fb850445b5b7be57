"""Runs all attacks, says what each found, and ends with one JSON object; exit code 1 when a target was missed."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from areaclienti.password_hashes import Passwords
from benchmarks.attack import (
    confusion,
    control,
    enumeration,
    guessing,
    leaks,
    markup,
    pumping,
    race,
    reissue,
    tax_codes,
)
from benchmarks.attack.attacker import PASSWORD, Attacker, attacking
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Population
from benchmarks.attack.target import Target, running_target
from benchmarks.postgres import empty_database, postgres_server

_SEED = 20261123
EXCEPTIONS = (
    "passwords of registrations are put in the vault with a cheap hash, past argon2id (0.2 s of a core each)",
    "accounts that an attack begins with are written into the database",
    "200 codes at once in one conversation: written into the vault's table, which keeps one a conversation otherwise",
    "time passes in the re-issue loop by moving the database's times back",
    f"the SMS budget is {pumping.BUDGET} a day in the service that is pumped",
    "answer_floor_seconds is 0 where it is said, and in the control with the early return",
    "the service of the sign-in timings hashes with 8 MiB, 1 round",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a part of all rounds and samples, to try things out")
    parser.add_argument("--only", default="", help="attacks whose name has this word")
    asked = parser.parse_args()
    began = time.monotonic()
    print("Exceptions from production settings and ways:", *EXCEPTIONS, sep="\n  - ", flush=True)
    with tempfile.TemporaryDirectory(prefix="areaclienti-attack-") as folder, postgres_server() as server:
        run = Run(server, Path(folder), asked.scale, asked.only)
        run.all()
    summary = {
        "attacks": len(run.findings),
        "missed": {finding.attack: finding.missed for finding in run.findings if finding.missed},
        "seconds": round(time.monotonic() - began, 1),
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
        "figures": {finding.attack: finding.figures for finding in run.findings},
    }
    print(json.dumps(summary, ensure_ascii=False))
    return 1 if summary["missed"] or not run.findings else 0


class Run:
    """All attacks, each group on services and a database of its own."""

    def __init__(self, server: str, folder: Path, scale: float, only: str) -> None:
        self._server = server
        self._folder = folder
        self._scale = scale
        self._only = only
        self.findings: list[Finding] = []

    def all(self) -> None:
        self._group(self._production)
        self._group(self._enumeration)
        self._group(self._pumping)
        self._group(self._control)

    def _group(self, attacks: Callable[[str], Awaitable[None]]) -> None:
        with empty_database(self._server) as url:
            asyncio.run(attacks(url))  # type: ignore[arg-type]

    async def _production(self, url: str) -> None:
        async with AsyncExitStack() as stack:
            target, attacker, population = await self._against(stack, url)
            cheap = await _cheap_hash(PASSWORD)
            await self._try("things used where they don't belong", confusion.confuse, attacker, population, cheap)
            await self._try("markup and formulas in names", markup.inject, attacker, population)
            await self._try("guesses at one username", guessing.lockout, attacker, population, self._part(1000, 100))
            await self._try("one password for many usernames", guessing.spraying, attacker, population)
            await self._try("race: vault", self._race_vault, attacker, population)
            await self._try(
                "race: four registrations", race.race_of_registrations, attacker, population, self._part(20)
            )
            await race.lift_vaults_rule(attacker)
            await self._try("race: registration code", self._race_registrations, attacker, population)
            await self._try("race: first access", self._race_first_access, attacker, population)
            await self._try("tax codes", tax_codes.probe, attacker, population, self._part(tax_codes.TRIES, 400))
            await self._try("re-issue loop", reissue.reissue, attacker, population, cheap, PASSWORD)
            await self._try("secrets in logs and tables", leaks.search, attacker, target.logs)

    async def _enumeration(self, url: str) -> None:
        samples = self._part(2000, 100)
        async with AsyncExitStack() as stack:
            _, attacker, population = await self._against(stack, url)
            suspects = await enumeration.Suspects.put_on_file(population, await _cheap_hash(PASSWORD), samples)
            await self._try("enumeration by bytes", enumeration.same_bytes, attacker, population, suspects)
            await self._try("enumeration by time, production", enumeration.with_floor, attacker, suspects, samples)
            await self._try("enumeration by password reset", enumeration.resets, attacker, suspects, samples)
        async with AsyncExitStack() as stack:
            _, attacker, population = await self._against(stack, url, seed=3, strict_uniformity=True)
            await self._try("enumeration, strict", enumeration.strict, attacker, suspects, population)
        async with AsyncExitStack() as stack:
            quick: dict[str, Any] = {
                "answer_floor_seconds": 0.0,
                "password_hash_memory_kib": 8 * 1024,
                "password_hash_rounds": 1,
            }
            _, attacker, population = await self._against(stack, url, seed=2, **quick)
            await self._try("enumeration by time without floor", enumeration.without_floor, attacker, suspects, samples)
            await self._try("enumeration by sign-in", self._sign_ins, attacker, population)
        async with AsyncExitStack() as stack:
            leaky = "benchmarks.attack.leaky:create_app"
            _, attacker, _ = await self._against(stack, url, leaky, answer_floor_seconds=0.0)
            await self._try("control: early return", enumeration.leaky, attacker, suspects, self._part(300, 100))

    async def _pumping(self, url: str) -> None:
        async with AsyncExitStack() as stack:
            _, attacker, population = await self._against(stack, url, sms_per_day=pumping.BUDGET)
            await self._try("SMS pumping", pumping.pump, attacker, population)

    async def _control(self, url: str) -> None:
        async with AsyncExitStack() as stack:
            _, attacker, _ = await self._against(stack, url, "benchmarks.attack.naive:create_app")
            await self._try("control: naive", control.control, attacker, self._part(10, 4))

    async def _race_vault(self, attacker: Attacker, population: Population) -> Finding:
        rounds = self._part(4, 2)
        people = population.people(rounds)
        await population.put_on_file(people)
        ground = race.VaultField(attacker, people)
        return await race.judge(ground, await race.race(ground, rounds))

    async def _race_registrations(self, attacker: Attacker, population: Population) -> Finding:
        rounds = self._part(50)
        people = population.people(rounds)
        await population.put_on_file(people)
        ground = race.RegistrationField(attacker, people)
        return await race.judge(ground, await race.race(ground, rounds))

    async def _race_first_access(self, attacker: Attacker, population: Population) -> Finding:
        rounds = self._part(10, 2)
        ground = race.FirstAccessField(attacker, population, population.people(rounds), PASSWORD)
        return await race.judge(ground, await race.race(ground, rounds))

    async def _sign_ins(self, attacker: Attacker, population: Population) -> Finding:
        count = self._part(1000, 50)
        people = population.people(count)
        password_hash = await attacker.target.services.passwords.hash(PASSWORD)
        await population.open_accounts(await population.put_on_file(people), people, password_hash, confirmed=True)
        return await enumeration.sign_ins(attacker, people, population.people(count))

    async def _against(
        self,
        stack: AsyncExitStack,
        url: str,
        factory: str = "areaclienti.identity.app:create_app",
        seed: int = 1,
        **exceptions: Any,
    ) -> tuple[Target, Attacker, Population]:
        target = await stack.enter_async_context(running_target(url, self._folder, factory, **exceptions))
        attacker = await stack.enter_async_context(attacking(target))
        return target, attacker, Population(target, _SEED + seed, seed)

    async def _try(self, name: str, attack: Callable[..., Awaitable[Finding]], *arguments: Any) -> None:
        if self._only not in name:
            return
        began = time.monotonic()
        finding = await attack(*arguments)
        self.findings.append(finding)
        verdict = "MISSED" if finding.missed else "held" if not finding.attack.startswith("control") else "found"
        print(f"{verdict:6} {finding.attack} ({time.monotonic() - began:.1f} s)", flush=True)
        for line in finding.missed:
            print(f"       ! {line}")
        print(f"       {json.dumps(finding.figures, ensure_ascii=False)}", flush=True)

    def _part(self, whole: int, least: int = 2) -> int:
        return max(least, round(whole * self._scale))


async def _cheap_hash(password: str) -> str:
    return await Passwords(8 * 1024, 1, 1).hash(password)


if __name__ == "__main__":
    sys.exit(main())
