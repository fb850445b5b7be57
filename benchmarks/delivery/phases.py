"""What is done to the service: killed at every step, a storm of faults, an outage, and controls."""

# ruff: noqa: ASYNC110, ASYNC240 (it waits for other processes and their files)
from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from areaclienti.supervisor.free_ports import free_ports
from benchmarks.delivery import mail_server, records, sms_gateway, steps
from benchmarks.delivery.certificate import self_signed
from benchmarks.delivery.identity import Identity
from benchmarks.delivery.mail_server import MailServer
from benchmarks.delivery.nursery import Nursery
from benchmarks.delivery.sms_gateway import Copy, Dialect, SmsGateway

TIMEOUT_SECONDS, LEASE_SECONDS = 1.5, 3.0
_STEP_SECONDS = 30
_DRAIN_SECONDS = 90
_STORM = {"good": 5, "429": 1, "500": 1, "cut before": 1, "cut after": 1, "slow after": 1}
_MAIL_STORM = {"good": 5, "451": 1, "421": 1, "cut before": 1, "cut after": 1, "slow after": 1}


@dataclass(frozen=True, slots=True)
class Site:
    """The service between its providers."""

    identity: Identity
    sms: SmsGateway
    mail: MailServer

    @property
    def copies(self) -> list[Copy]:
        return self.sms.copies + self.mail.copies

    async def drained(self) -> None:
        """Wait until nothing is open."""
        async with asyncio.timeout(_DRAIN_SECONDS):
            while await records.open_messages(self.identity.database_url):
                await asyncio.sleep(0.3)


@asynccontextmanager
async def site(nursery: Nursery, folder: Path, url: str, dialect: Dialect, **settings: object) -> AsyncIterator[Site]:
    """Providers that listen and a service that is not started yet; whatever runs at the end is killed."""
    folder.mkdir()
    certificate, key = self_signed(folder)
    async with (
        sms_gateway.listening(SmsGateway(dialect)) as sms,
        mail_server.listening(MailServer(), certificate, key) as mail,
    ):
        given: dict[str, object] = {
            "smtp_url": mail.url,
            "smtp_ca_file": certificate,
            "delivery_timeout_seconds": TIMEOUT_SECONDS,
            "outbox_lease_seconds": LEASE_SECONDS,
            **sms_gateway.settings_of(sms),
            **settings,
        }
        identity = Identity(nursery, folder, url, given)
        sms.identity_url = identity.url
        try:
            yield Site(identity, sms, mail)
        finally:
            identity.kill()


async def killed_at_every_step(
    nursery: Nursery, folder: Path, url: str, dialect: Dialect, which: Sequence[str]
) -> dict[str, Any]:
    """Kill the service at each step in turn while new customers come; then let it finish, and count."""
    async with site(nursery, folder, url, dialect) as here:
        identity, marker = here.identity, folder / "reached"
        await identity.prepare(len(which) + 1)
        people = identity.people()
        registering: list[asyncio.Task[str]] = []
        reached = []
        for step in which:
            for provider in (here.sms, here.mail):
                provider.held.clear()
                provider.released.clear()
            here.sms.fault, here.mail.fault = _faults_for(step)
            await identity.start(None if step in steps.AT_PROVIDER else step, marker)
            registering += [asyncio.create_task(identity.register(next(people))) for _ in range(2)]
            if await _comes_to(step, here, marker):
                reached.append(step)
            identity.kill()
            here.sms.released.set()
            here.mail.released.set()
        here.sms.fault, here.mail.fault = (lambda: "good"), (lambda: "good")
        await identity.start()
        promised = await asyncio.gather(*registering)
        await here.drained()
        await here.sms.all_reported()
        missed = [step for step in which if step not in reached]
        return {"steps": len(which), "steps_missed": missed} | await _count(here, promised)


async def storm(nursery: Nursery, folder: Path, url: str, dialect: Dialect, messages: int, seed: int) -> dict[str, Any]:
    """Every kind of fault at both providers, receipts late, doubled and mixed, and three kills out of the blue."""
    chance = random.Random(seed)
    async with site(nursery, folder, url, dialect) as here:
        identity = here.identity
        await identity.prepare(messages)
        here.sms.chaos = random.Random(seed + 1)
        here.sms.fault = lambda: _one_of(chance, _STORM)  # type: ignore[assignment, return-value]
        here.mail.fault = lambda: _one_of(chance, _MAIL_STORM)  # type: ignore[assignment, return-value]
        await identity.start()
        people = identity.people()
        registering = []
        for number in range(2 * messages):
            registering.append(asyncio.create_task(identity.register(next(people))))
            await asyncio.sleep(chance.uniform(0, 0.2))
            if number in (messages // 2, messages, 3 * messages // 2):
                identity.kill()
                await identity.start()
        promised = await asyncio.gather(*registering)
        await here.drained()
        await here.sms.all_reported()
        return {"seed": seed, "faults": dict(here.sms.faults + here.mail.faults)} | await _count(here, promised)


async def outage(nursery: Nursery, folder: Path, url: str, life_seconds: int = 6) -> dict[str, Any]:
    """The SMS gateway is away for longer than a code lives: the codes must end unsent, the ones after it arrive."""
    async with site(nursery, folder, url, "webhook", code_life_sms_seconds=life_seconds) as here:
        identity = here.identity
        await identity.prepare(40)
        people = (person for person in identity.people() if person.kind == "mobile")
        here.sms.fault = lambda: "500"
        await identity.start()
        promised = list(await asyncio.gather(*(identity.register(next(people)) for _ in range(6))))
        await here.drained()
        before = len(here.copies)
        here.sms.fault = lambda: "good"
        for _ in range(20):  # the lane looks again after its pause: a code that meets it in time arrives
            promised.append(await identity.register(next(people)))
            await asyncio.sleep(2)
            if len(here.copies) > before:
                break
        await here.drained()
        await here.sms.all_reported()
        return {"arrived_in_the_outage": before} | await _count(here, promised)


async def control_marks_before_sending(nursery: Nursery, folder: Path, url: str) -> int:
    """How many messages are lost when "sent" is written first and the process dies before it sends."""
    async with site(nursery, folder, url, "webhook") as here:
        await here.identity.prepare(1)
        marker = folder / "reached"
        await here.identity.start("mark as sent, then send", marker)
        registering = asyncio.create_task(here.identity.register(next(here.identity.people())))
        await _until(marker.exists)
        here.identity.kill()
        await here.identity.start()
        promised = await registering
        await here.drained()
        await asyncio.sleep(LEASE_SECONDS)
        outbox = await records.read_outbox(url)
        return records.figures(outbox, [promised], here.copies)["lost"]


async def control_marks_after_sending(nursery: Nursery, folder: Path, url: str) -> int:
    """How many copies too many arrive when two processes look, send, and then mark, without a claim."""
    async with site(nursery, folder, url, "twilio") as here:
        await here.identity.prepare(8)
        marker = folder / "never"
        (other,) = free_ports(1)
        await here.identity.start("send, then mark", marker)
        await here.identity.start("send, then mark", marker, port=other)
        people = (person for person in here.identity.people() if person.kind == "mobile")
        promised = await asyncio.gather(*(here.identity.register(next(people)) for _ in range(8)))
        await here.drained()
        await asyncio.sleep(1)
        outbox = await records.read_outbox(url)
        return records.figures(outbox, promised, here.copies)["duplicates"]


def _faults_for(step: str) -> tuple[Any, Any]:
    sms = {
        "sms sent, not accepted": "hold before",
        "sms accepted, not answered": "hold after",
        "refusal not recorded": "500",
        "refusal not committed": "429",
        "drop not committed": "400",
    }.get(step, "good")
    mail = "hold after" if step == "mail accepted, not answered" else "good"
    return (lambda: sms), (lambda: mail)


async def _comes_to(step: str, here: Site, marker: Path) -> bool:
    """Wait until the service stands at the step."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_STEP_SECONDS):
            if step in steps.AT_PROVIDER:
                await (here.mail if step.startswith("mail") else here.sms).held.wait()
            else:
                await _until(marker.exists)
            return True
    return False


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.02)


def _one_of(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


async def _count(here: Site, promised: Sequence[str]) -> dict[str, Any]:
    identity = here.identity
    identity.kill()
    outbox = await records.read_outbox(identity.database_url)
    files = await records.files_of(identity.database_url, identity.folder)
    found = records.figures(outbox, promised, here.copies)
    sms_ids = {copy.outbox_id for copy in here.sms.copies}
    sms_duplicates = len(here.sms.copies) - len(sms_ids)
    return found | {
        "sms_duplicates": sms_duplicates,
        "duplicates_at_a_provider_that_knows_its_ids": 0 if here.sms.dialect == "twilio" else sms_duplicates,
        "kills": identity.kills,
        "starts": identity.starts,
        "requests": here.sms.requests,
        "recognised_by_the_provider": here.sms.recognised,
        "copies_known_to_identity": sum(count - 1 for count in outbox.known_copies.values()),
        "receipts": dict(here.sms.receipts),
        "receipts_counted": outbox.receipts,
        "not_known_as_delivered": sum(row.id in sms_ids and row.delivery != "delivered" for row in outbox.rows),
        "codes_searched": len(records.codes_of(here.copies)),
        "codes_in_files": records.found_in(files, records.codes_of(here.copies)),
        "ids_in_files": records.found_in(files, {row.id for row in outbox.rows}),  # the search does find something
    }
