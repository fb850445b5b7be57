"""SMS pumping: as many codes as can be had to paid-for numbers, from many addresses and from one."""

from __future__ import annotations

import asyncio
from collections import Counter

from benchmarks.attack.attacker import Attacker
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Population

BUDGET = 60  # SMS a day in this attack's own service; the production default would take an hour to use up
_AT_ONCE = 16


async def pump(attacker: Attacker, population: Population) -> Finding:
    """Registers twice as many mobiles as the budget has SMS, each from its own address; then 30 from one address."""
    people = population.people(2 * BUDGET + 31)
    await population.put_on_file(people)
    crowd, one_by_mail, neighbours = people[: 2 * BUDGET], people[2 * BUDGET], people[2 * BUDGET + 1 :]
    todo, outcomes = iter(crowd), Counter[str]()

    async def register() -> None:
        for person in todo:
            conversation = attacker.conversation()
            outcomes[(await attacker.begin(conversation, person.claims(person.mobile))).json()["outcome"]] += 1

    from_one: Counter[str] = Counter()
    for person in neighbours:
        conversation = attacker.conversation("192.0.2.200")
        from_one[(await attacker.begin(conversation, person.claims())).json()["outcome"]] += 1
    await asyncio.gather(*(register() for _ in range(_AT_ONCE)))
    by_mail = (await attacker.begin(attacker.conversation(), one_by_mail.claims())).json()["outcome"]
    await asyncio.sleep(2 * attacker.target.settings.outbox_poll_seconds)
    sent = await attacker.target.number("SELECT count(*) FROM outbox WHERE channel = 'sms' AND status <> 'dropped'")
    allowed = attacker.target.settings.codes_per_hour_of_address
    finding = Finding(
        f"SMS pumping against a budget of {BUDGET}",
        {
            "registrations": dict(outcomes),
            "sms_in_the_outbox": sent,
            "by_email_meanwhile": by_mail,
            "thirty_from_one_address": dict(from_one),
        },
    )
    finding.expect(sent <= BUDGET, f"{sent} SMS were sent")
    finding.expect(outcomes["code_sent"] > BUDGET // 2, "hardly an SMS was asked for: it proves nothing")
    finding.expect(by_mail == "code_sent", "the empty SMS budget stopped e-mail too")
    finding.expect(from_one["code_sent"] <= allowed, f"one address got {from_one['code_sent']} codes within an hour")
    return finding
