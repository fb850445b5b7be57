"""Markup, templates and formulas where a name or a contact is asked for: refused, or never sent on as they are."""

from __future__ import annotations

from benchmarks.attack.attacker import Attacker
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Population

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "Mario</b><a href=https://phish.example>",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "${jndi:ldap://x}",
    '=HYPERLINK("https://phish.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "Mario\r\nBcc: tutti@posta.example",
    "Mario\x00Rossi",
    "https://phish.example",
    "' OR 1=1 --",
)


async def inject(attacker: Attacker, population: Population) -> Finding:
    """Types each payload as given name, surname, company and contact, then reads all messages that went out."""
    (person,) = population.people(1)
    await population.put_on_file([person])
    refused = told = 0
    for payload in PAYLOADS:
        company = {"customer_type": "azienda", "company_name": payload, "contact": person.email}
        for claims in (
            person.claims(given_name=payload),
            person.claims(family_name=payload),
            person.claims(contact=payload),
            person.claims(f"{payload}@posta.example"),
            company,
        ):
            answer = await attacker.begin(attacker.conversation(), claims)
            refused += answer.status_code == 422
            told += answer.status_code not in (200, 422) or payload in answer.text
    kept = 0
    for payload in PAYLOADS:
        clean = payload.replace("\x00", "")
        kept += await attacker.target.number(
            "SELECT count(*) FROM mailbox_messages"
            " WHERE strpos(text || coalesce(html, '') || coalesce(subject, ''), :p) > 0",
            p=clean,
        )
    finding = Finding(
        "markup and formulas in names",
        {"typed": 5 * len(PAYLOADS), "refused": refused, "repeated_or_failed": told, "in_messages": kept},
    )
    finding.expect(told == 0, f"{told} payloads came back or made the service fail")
    finding.expect(kept == 0, f"{kept} messages carry a payload")
    finding.expect(refused > 0, "no payload was refused: were they sent at all?")
    return finding
