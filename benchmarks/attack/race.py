"""200 clients at once on one code, on what the product serves and on a naive variant of the check as a control."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from sqlalchemy import text

from benchmarks.attack.attacker import Attacker, Conversation, wrong
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Person, Population

CLIENTS = 200
ALLOWED = 5  # checks of one code
ACCEPTED = frozenset({"account_created", "signed_in"})
EVALUATED = ACCEPTED | {"wrong_code"}


class Prey(Protocol):
    """One code that can be guessed at."""

    right: str

    async def guess(self, code: str) -> str:
        """The outcome, or the code of the refusal."""

    async def checks(self) -> int:
        """How many checks the database knows of."""


class Field(Protocol):
    """A way of the product on which codes are checked."""

    name: str

    async def prey(self, codes: int) -> Prey: ...

    async def doubled(self) -> list[str]:
        """What is there twice and must not be, in words; asked of the database."""


@dataclass
class Tally:
    """What a race of several rounds came to."""

    rounds: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    most_evaluated: int = 0
    most_checks: int = 0
    accepted_by_round: Counter[int] = field(default_factory=Counter)
    needles_found: int = 0
    needle_rounds: int = 0


async def race(ground: Field, rounds: int, clients: int = CLIENTS) -> Tally:
    """Half the rounds all clients know the right code; in the others one of them does, at a random place.

    The second kind counts evaluated guesses without asking the service: one right code among 200 is hit in 5 of 200
    rounds if 5 are evaluated, and in each if all are.
    """
    tally, shuffle = Tally(), Random(rounds)
    for number in range(rounds):
        prey = await ground.prey(clients)
        needle = number % 2 == 1
        codes = [prey.right] * clients
        if needle:
            codes = [wrong(prey.right, by) for by in range(1, clients)] + [prey.right]
            shuffle.shuffle(codes)
        outcomes = Counter(await asyncio.gather(*map(prey.guess, codes)))
        accepted = sum(outcomes[each] for each in ACCEPTED)
        # The last check that a code allows is answered like all that come after it: "spent".
        last = 1 if not accepted and outcomes["code_spent"] else 0
        tally.rounds += 1
        tally.outcomes += outcomes
        tally.most_evaluated = max(tally.most_evaluated, sum(outcomes[each] for each in EVALUATED) + last)
        tally.most_checks = max(tally.most_checks, await prey.checks())
        if needle:
            tally.needle_rounds += 1
            tally.needles_found += bool(accepted)
            if accepted > 1:
                tally.accepted_by_round[accepted] += 1
        else:
            tally.accepted_by_round[accepted] += 1
    return tally


def figures(tally: Tally) -> dict[str, object]:
    return {
        "rounds": tally.rounds,
        "guesses": sum(tally.outcomes.values()),
        "outcomes": dict(sorted(tally.outcomes.items())),
        "evaluated_of_one_code_at_most": tally.most_evaluated,
        "checks_of_one_code_in_database_at_most": tally.most_checks,
        "rounds_by_times_a_known_code_was_accepted": dict(sorted(tally.accepted_by_round.items())),
        "one_right_code_among_200_was_hit": f"{tally.needles_found} of {tally.needle_rounds}",
    }


async def judge(ground: Field, tally: Tally) -> Finding:
    """At most 5 evaluated, accepted exactly once, nothing doubled."""
    finding = Finding(f"race: {ground.name}", figures(tally))
    finding.expect(tally.most_evaluated <= ALLOWED, f"{tally.most_evaluated} guesses of one code were evaluated")
    finding.expect(tally.most_checks <= ALLOWED, f"{tally.most_checks} checks of one code are in the database")
    finding.expect(set(tally.accepted_by_round) == {1}, "a known code was not accepted exactly once in each round")
    # 5 of 200 for each round; a hit more than six times as often comes by chance less than once in 10,000 runs.
    bound = 3 + 6 * tally.needle_rounds * ALLOWED / CLIENTS
    finding.expect(tally.needles_found <= bound, f"a code among 200 was hit {tally.needles_found} times")
    for doubled in await ground.doubled():
        finding.expect(False, doubled)
    return finding


@dataclass
class RegistrationPrey:
    """The code of a registration (manual 7a). `references`: deposits made beforehand, past the vault's rule."""

    attacker: Attacker
    conversation: Conversation
    registration_id: str
    right: str
    references: dict[str, list[str]] | None = None

    async def guess(self, code: str) -> str:
        if self.references is None:
            answer = await self.attacker.guess(self.conversation, self.registration_id, code)
        else:
            body = {"code_reference": self.references[code].pop()}
            answer = await self.attacker.on(self.conversation, self.registration_id, "verification", body)
        return str(answer.json().get("outcome") or answer.json()["code"])

    async def checks(self) -> int:
        used = await self.attacker.target.number(
            "SELECT coalesce(max(attempts_used), 0) FROM challenges WHERE session_id = :id", id=self.registration_id
        )
        noted = await self.attacker.target.number(
            "SELECT count(*) FROM audit WHERE subject = :id"
            " AND (event = 'code_right' OR event = 'code_refused' AND reason = 'wrong_code')",
            id=self.registration_id,
        )
        return max(used, noted)


class VaultField:
    """Registration codes as they are really given: each client deposits its guess and uses the reference.

    The vault keeps one code a conversation, so that most references are void before they are used.
    """

    name = "registration code, through the vault"

    def __init__(self, attacker: Attacker, people: Iterable[Person]) -> None:
        self._attacker = attacker
        self._people = iter(people)

    async def prey(self, codes: int) -> Prey:
        return await self._begun()

    async def doubled(self) -> list[str]:
        return await doubled_accounts(self._attacker)

    async def _begun(self) -> RegistrationPrey:
        person, conversation = next(self._people), self._attacker.conversation()
        match = (await self._attacker.begin(conversation, person.claims())).json()
        code = await self._attacker.newest_code(person.email)
        return RegistrationPrey(self._attacker, conversation, match["registration_id"], code)


class RegistrationField(VaultField):
    """Registration codes, attacked by somebody for whom the vault's rule does not hold: all references are good.

    The harness takes the rule away in its own database (`lift_vaults_rule`), to race what lies behind it.
    """

    name = "registration code, behind the vault"

    async def prey(self, codes: int) -> Prey:
        prey = await self._begun()
        values = [prey.right] * codes + [wrong(prey.right, by) for by in range(1, codes)]
        references = await self._attacker.references(prey.conversation, "verification_code", values)
        prey.references = defaultdict(list)
        for value, reference in zip(values, references, strict=True):
            prey.references[value].append(reference)
        return prey


async def lift_vaults_rule(attacker: Attacker) -> None:
    """From now on this database takes many codes of one conversation; the product never does."""
    async with attacker.target.services.database.write() as session:
        await session.execute(
            text("ALTER TABLE vault_entries DROP CONSTRAINT uq_vault_entries_conversation_id_purpose")
        )


@dataclass
class FirstAccessPrey:
    attacker: Attacker
    sign_in_id: str
    right: str

    async def guess(self, code: str) -> str:
        path = f"/v1/sign-in/{self.sign_in_id}/verification"
        answer = (await self.attacker.gateway("POST", path, {"code": code})).json()
        return str(answer.get("outcome") or answer["code"])

    async def checks(self) -> int:
        return await self.attacker.target.number(
            "SELECT coalesce(max(attempts_used), 0) FROM challenges WHERE session_id = :id", id=self.sign_in_id
        )


class FirstAccessField:
    """The code of the first access: it goes straight to the check, without the vault between (manual 9a)."""

    name = "first access code"

    def __init__(self, attacker: Attacker, population: Population, people: list[Person], password: str) -> None:
        self._attacker = attacker
        self._population = population
        self._people = iter(people)
        self._password = password
        self._customers: list[int] = []

    async def prey(self, codes: int) -> Prey:
        person = next(self._people)
        (customer_id,) = await self._population.put_on_file([person])
        password_hash = await self._attacker.target.services.passwords.hash(self._password)
        await self._population.open_accounts([customer_id], [person], password_hash)
        address = self._attacker.conversation().address
        pending = (await self._attacker.sign_in(person.email, self._password, address)).json()
        code = await self._attacker.newest_code(person.mobile)
        self._customers.append(customer_id)
        return FirstAccessPrey(self._attacker, pending["sign_in_id"], code)

    async def doubled(self) -> list[str]:
        sessions = await self._attacker.target.rows(
            "SELECT account_id FROM sign_in_sessions JOIN accounts ON accounts.id = account_id"
            " WHERE customer_id = ANY(:customers) GROUP BY account_id HAVING count(*) > 1",
            customers=self._customers,
        )
        return [f"{len(sessions)} accounts got more than one session of one code"] if sessions else []


async def doubled_accounts(attacker: Attacker) -> list[str]:
    """Customers and usernames with more than one account."""
    found = []
    for column in ("customer_id", "username_key"):
        rows = await attacker.target.rows(f"SELECT {column} FROM accounts GROUP BY {column} HAVING count(*) > 1")
        if rows:
            found.append(f"{len(rows)} values of accounts.{column} are there twice or more")
    return found


async def race_of_registrations(attacker: Attacker, population: Population, rounds: int) -> Finding:
    """One customer in four conversations, by e-mail and by mobile, with the right code in each, all at once."""
    finding = Finding("race: four registrations of one customer")
    outcomes: Counter[str] = Counter()
    made: Counter[int] = Counter()
    people = population.people(rounds)
    for person, customer_id in zip(people, await population.put_on_file(people), strict=True):
        going = []
        for contact in (person.email, person.mobile, person.email, person.mobile):
            newest = await attacker.newest_message()
            conversation = attacker.conversation()
            match = (await attacker.begin(conversation, person.claims(contact))).json()
            code = await attacker.newest_code(contact, newest)
            going.append(RegistrationPrey(attacker, conversation, match["registration_id"], code))
        outcomes += Counter(await asyncio.gather(*(prey.guess(prey.right) for prey in going)))
        made[await attacker.target.number("SELECT count(*) FROM accounts WHERE customer_id = :id", id=customer_id)] += 1
    finding.figures = {"rounds": rounds, "outcomes": dict(outcomes), "rounds_by_accounts_made": dict(made)}
    finding.expect(set(made) == {1}, f"a customer has not exactly one account: {dict(made)}")
    finding.expect(outcomes["account_created"] == rounds, "not exactly one registration of each customer succeeded")
    for doubled in await doubled_accounts(attacker):
        finding.expect(False, doubled)
    return finding
