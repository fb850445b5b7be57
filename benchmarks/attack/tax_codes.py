"""10,000 computed tax codes: no contact without a compatible name, few tries a session, a code, an address."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from areaclienti.domain.names import canonical_name
from areaclienti.identity.demo_cases import encode_codice_fiscale
from benchmarks.attack.attacker import Attacker
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Person, Population

TRIES = 10_000
TRIES_A_CONVERSATION = 4  # one more than a session allows
ALLOWED_A_SESSION = ALLOWED_A_CODE = 3
ALLOWED_AN_ADDRESS = 5
ON_FILE = 1_500
_AT_ONCE = 24
_CONSONANTS = frozenset("bcdfghjklmnpqrstvwxyz")
_SHARED_ADDRESSES = 40  # that a fifth of the conversations come from


@dataclass(frozen=True)
class Try:
    """A name that is typed, and a code that was computed for it or found elsewhere."""

    given_name: str
    family_name: str
    tax_code: str
    kind: str


@dataclass
class Seen:
    """How often a code was really looked up (any answer but `limit_reached`), by what limits count."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_session: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    by_address: Counter[str] = field(default_factory=Counter)
    revealed: Counter[str] = field(default_factory=Counter)
    whole_contacts: int = 0


async def probe(attacker: Attacker, population: Population, tries: int = TRIES) -> Finding:
    """Victims' true codes with other names, codes computed for guessed birth data, codes of strangers."""
    people = population.people(max(20, ON_FILE * tries // TRIES))
    await population.put_on_file(people)
    planned = _plan(population, people, tries)
    seen = Seen()
    gate = asyncio.Semaphore(_AT_ONCE)

    async def converse(number: int, some: Sequence[Try]) -> None:
        shared = attacker_network(number) if number % 5 == 0 else None
        async with gate:
            await _converse(attacker, some, seen, shared)

    chunks = [planned[start : start + TRIES_A_CONVERSATION] for start in range(0, tries, TRIES_A_CONVERSATION)]
    await asyncio.gather(*(converse(number, chunk) for number, chunk in enumerate(chunks)))
    finding = Finding(
        f"{tries} computed tax codes",
        {
            "outcomes": dict(seen.outcomes),
            "revealed_without_a_compatible_name": sum(seen.revealed.values()),
            "looked_up_in_one_session_at_most": max(seen.by_session.values()),
            "looked_up_of_one_code_at_most": max(seen.by_code.values()),
            "looked_up_from_one_address_at_most": max(seen.by_address.values()),
        },
    )
    finding.expect(not seen.revealed, f"contacts were revealed: {dict(seen.revealed)}")
    for name, found, allowed in (
        ("session", seen.by_session, ALLOWED_A_SESSION),
        ("code", seen.by_code, ALLOWED_A_CODE),
        ("address", seen.by_address, ALLOWED_AN_ADDRESS),
    ):
        most = max(found.values())
        finding.expect(most <= allowed, f"{most} codes were looked up for one {name}")
    await _owners_are_identified(attacker, population, finding)
    return finding


async def _owners_are_identified(attacker: Attacker, population: Population, finding: Finding) -> None:
    """The control: the same questions with the right name do show contacts, and only masked."""
    owners, seen = population.people(20), Seen()
    await population.put_on_file(owners)
    for owner in owners:
        await _converse(attacker, [Try(owner.given_name, owner.family_name, owner.tax_code, "owner")], seen, None)
    finding.figures["control_owners_identified"] = f"{seen.revealed['owner']} of {len(owners)}"
    finding.expect(seen.revealed["owner"] == len(owners), "the owners themselves were not identified")
    finding.expect(seen.whole_contacts == 0, "a contact was shown whole")


async def _converse(attacker: Attacker, tries: Sequence[Try], seen: Seen, address: str | None) -> None:
    """One conversation: the name of the first try is typed with a contact that nobody has, then each code is tried."""
    conversation = attacker.conversation(address)
    typed = {
        "customer_type": "persona",
        "given_name": tries[0].given_name,
        "family_name": tries[0].family_name,
        "contact": f"nessuno.{conversation.id}@posta.example",
    }
    match = (await attacker.begin(conversation, typed)).json()
    registration_id = match["registration_id"]
    for number, each in enumerate(tries):
        if number:
            claims = typed | {"given_name": each.given_name, "family_name": each.family_name}
            if (each.given_name, each.family_name) != (tries[number - 1].given_name, tries[number - 1].family_name):
                await attacker.on(conversation, registration_id, "recheck", claims)
        (reference,) = await attacker.references_anew(conversation, "tax_code", [each.tax_code])
        answer = await attacker.on(conversation, registration_id, "identification", {"tax_code_reference": reference})
        outcome = str(answer.json().get("outcome") or answer.json()["code"])
        seen.outcomes[outcome] += 1
        if outcome in ("identified", "not_identified"):
            seen.by_session[registration_id] += 1
            seen.by_code[each.tax_code] += 1
            seen.by_address[conversation.address] += 1
        if outcome == "identified" or answer.json().get("contacts"):
            seen.revealed[each.kind] += 1
            shown = json.dumps(answer.json())
            seen.whole_contacts += "cliente." in shown or "+39333" in shown


def attacker_network(number: int) -> str:
    """One of a few addresses that many conversations share."""
    return f"100.64.0.{number // 5 % _SHARED_ADDRESSES}"


def _plan(population: Population, people: Sequence[Person], tries: int) -> list[Try]:
    """The tries, so that those of one conversation are of one name as far as possible."""
    random = population.random
    planned: list[Try] = []
    while len(planned) < tries:
        victim = random.choice(people)
        kind = random.choice(("other name", "same letters", "guessed birth", "stranger"))
        if kind == "other name":
            other = population.person()
            if not _far(other, victim):
                continue
            codes = [random.choice(people) for _ in range(TRIES_A_CONVERSATION - 1)]
            planned.append(Try(other.given_name, other.family_name, victim.tax_code, kind))
            planned += [
                Try(other.given_name, other.family_name, each.tax_code, kind) for each in codes if _far(other, each)
            ]
        elif kind == "same letters" and (alike := _same_letters(victim)):
            planned += [Try(alike.given_name, alike.family_name, victim.tax_code, kind)] * TRIES_A_CONVERSATION
        elif kind == "guessed birth":
            guesses = [replace(victim.birth, day=f"{1940 + random.randrange(60)}-0{n}-1{n}") for n in range(1, 5)]
            planned += [
                Try(victim.given_name, victim.family_name, code, kind)
                for code in (encode_codice_fiscale(victim.given_name, victim.family_name, each) for each in guesses)
                if code != victim.tax_code
            ]
        elif kind == "stranger":
            stranger = population.person()
            planned.append(Try(stranger.given_name, stranger.family_name, stranger.tax_code, kind))
    on_file = defaultdict(list)
    for person in people:
        on_file[person.tax_code].append(person)
    # By chance a guess may be another victim's true code and name: then it would be rightly identified.
    return [each for each in planned if all(_is_far(each, person) for person in on_file[each.tax_code])][:tries]


def _same_letters(victim: Person) -> Person | None:
    """Somebody whose code is computed to the victim's own, with a surname four letters longer."""
    family, consonants = victim.family_name, 0
    for place, letter in enumerate(family):
        consonants += letter.lower() in _CONSONANTS
        if consonants == 3:
            alike = replace(victim, family_name=family[: place + 1] + "elluzzo" + family[place + 1 :])
            computed = encode_codice_fiscale(alike.given_name, alike.family_name, alike.birth)
            return alike if computed == victim.tax_code and _far(alike, victim) else None
    return None


def _is_far(each: Try, person: Person) -> bool:
    return _far(replace(person, given_name=each.given_name, family_name=each.family_name), person)


def _far(a: Person, b: Person) -> bool:
    """Whether the names are no spellings of each other by a measure of the harness's own: over two letters apart in
    either order, and not equal but for a second name that one of them leaves out.
    """
    right = canonical_name(b.given_name), canonical_name(b.family_name)
    for left in (
        (canonical_name(a.given_name), canonical_name(a.family_name)),
        (canonical_name(a.family_name), canonical_name(a.given_name)),
    ):
        apart = _distance(left[0], right[0]), _distance(left[1], right[1])
        if sum(apart) <= 2 or _distance("".join(left), "".join(right)) <= 2:
            return False
        if any(_within(left[i], right[i]) and apart[1 - i] <= 2 for i in (0, 1)):
            return False
    return True


def _within(a: str, b: str) -> bool:
    return a.startswith(b) or b.startswith(a) or a.endswith(b) or b.endswith(a)


def _distance(a: str, b: str) -> int:
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        above, row = row, [i]
        for j, right in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (left != right)))
    return row[-1]
