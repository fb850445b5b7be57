"""The race on the naive service: it must be lost, or the race on the product would prove nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from areaclienti.crypto import new_code, new_id
from benchmarks.attack import race
from benchmarks.attack.attacker import Attacker
from benchmarks.attack.findings import Finding
from benchmarks.attack.naive import TABLES


@dataclass
class NaivePrey:
    attacker: Attacker
    code_id: str
    right: str

    async def guess(self, code: str) -> str:
        return str((await self.attacker.gateway("POST", f"/naive/{self.code_id}", {"code": code})).json()["outcome"])

    async def checks(self) -> int:
        return await self.attacker.target.number("SELECT used FROM naive_codes WHERE id = :id", id=self.code_id)


class NaiveField:
    """Codes of the naive service."""

    name = "naive service"

    def __init__(self, attacker: Attacker) -> None:
        self._attacker = attacker

    async def prey(self, codes: int) -> race.Prey:
        prey = NaivePrey(self._attacker, new_id("nai"), new_code())
        async with self._attacker.target.services.database.write() as session:
            for table in TABLES:
                await session.execute(text(table))
            insert = text("INSERT INTO naive_codes (id, code) VALUES (:i, :c)")
            await session.execute(insert, {"i": prey.code_id, "c": prey.right})
        return prey

    async def doubled(self) -> list[str]:
        rows = await self._attacker.target.rows(
            "SELECT code_id FROM naive_accounts GROUP BY code_id HAVING count(*) > 1"
        )
        return [f"{len(rows)} codes made more than one account"] if rows else []


async def control(attacker: Attacker, rounds: int) -> Finding:
    """The same race and the same judgement as on the product; that nothing is missed there is what is missed here."""
    ground = NaiveField(attacker)
    judged = await race.judge(ground, await race.race(ground, rounds))
    finding = Finding("control: naive read-check-write", judged.figures | {"found": judged.missed})
    finding.figures["accounts_made"] = await attacker.target.number("SELECT count(*) FROM naive_accounts")
    finding.expect(len(judged.missed) >= 3, f"the naive check lost too little of the race: {judged.missed}")
    return finding
