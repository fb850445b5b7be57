"""Ever new codes for one contact, for two days and by every way to get one: at most 10 checks in 24 hours."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.attack.attacker import Attacker, Conversation, wrong
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Person, Population

ALLOWED_A_DAY = 10
HOURS = 48
_DAY_HOURS = 24
_FIRST_WAVE = 4  # codes that a contact can get at once
_WAVE_CLIENTS = 200


@dataclass
class Diary:
    """When, in hours of the attack's own time, a guess was evaluated, and by which way."""

    hour: int = 0
    evaluated: list[tuple[int, str]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def note(self, way: str, outcome: str, attempts_left: int) -> None:
        self.outcomes[f"{way}: {outcome}"] += 1
        if outcome == "wrong_code" or (outcome == "code_spent" and attempts_left < 0):
            self.evaluated.append((self.hour, way))

    def most_in_a_day(self) -> int:
        """The most evaluated guesses of any 24 hours."""
        hours = [hour for hour, _ in self.evaluated]
        return max((sum(start <= hour < start + _DAY_HOURS for hour in hours) for start in hours), default=0)


async def reissue(attacker: Attacker, population: Population, password_hash: str, password: str) -> Finding:
    """The mobile of a couple: hers for a registration, his for the first access to an account that there is.

    Time is made to pass by moving the database's times back, an hour a step. Rows of the vault are written directly.
    """
    her, him = population.people(2)
    him = Person(him.given_name, him.family_name, him.birth, him.tax_code, him.email, her.mobile)
    _, his_id = await population.put_on_file([her, him])
    await population.open_accounts([his_id], [him], password_hash)
    diary = Diary()
    await _at_once(attacker, her, diary)
    while diary.hour < HOURS:
        ways = [_register(attacker, her, diary) for _ in range(2)]
        await asyncio.gather(*ways, _sign_in(attacker, him, password, diary), _reset(attacker, him, diary))
        await attacker.target.let_pass(3600)
        diary.hour += 1
    most = diary.most_in_a_day()
    by_way = Counter(way for _, way in diary.evaluated)
    finding = Finding(
        "re-issue loop on one contact",
        {
            "hours": HOURS,
            "evaluated_in_24_hours_at_most": most,
            "evaluated_by_way": dict(by_way),
            "outcomes": dict(sorted(diary.outcomes.items())),
        },
    )
    finding.expect(most <= ALLOWED_A_DAY, f"{most} guesses were evaluated within 24 hours")
    finding.expect(len(diary.evaluated) >= ALLOWED_A_DAY, "the attack hardly got a guess evaluated: it proves nothing")
    return finding


async def _at_once(attacker: Attacker, person: Person, diary: Diary) -> None:
    """As many codes as can be had, guessed at by 200 clients together, past the vault's rule of one at a time."""
    going: list[tuple[Conversation, str, str]] = []
    for _ in range(_FIRST_WAVE):
        newest, conversation = await attacker.newest_message(), attacker.conversation()
        match = (await attacker.begin(conversation, person.claims(person.mobile))).json()
        if match["outcome"] == "code_sent":
            right = await attacker.newest_code(person.mobile, newest)
            going.append((conversation, match["registration_id"], right))
    each = _WAVE_CLIENTS // max(1, len(going))

    async def guess(conversation: Conversation, registration_id: str, reference: str) -> tuple[str, str]:
        answer = await attacker.on(conversation, registration_id, "verification", {"code_reference": reference})
        return registration_id, str(answer.json().get("outcome") or answer.json()["code"])

    guesses = []
    for conversation, registration_id, right in going:
        codes = [wrong(right, by) for by in range(1, each + 1)]
        references = await attacker.references(conversation, "verification_code", codes)
        guesses += [guess(conversation, registration_id, reference) for reference in references]
    spent = set()
    for registration_id, outcome in await asyncio.gather(*guesses):
        # The check that uses a code up is answered as spent, like all after it: one of them for each code.
        last = outcome == "code_spent" and registration_id not in spent
        if outcome == "code_spent":
            spent.add(registration_id)
        diary.note("at once", outcome, -1 if last else 0)


async def _register(attacker: Attacker, person: Person, diary: Diary) -> None:
    conversation = attacker.conversation()
    newest = await attacker.newest_message()
    match = (await attacker.begin(conversation, person.claims(person.mobile))).json()
    for way in ("registration", "recheck"):
        diary.outcomes[f"{way}: {match['outcome']}"] += 1
        if match["outcome"] == "code_sent":
            right = await attacker.newest_code(person.mobile, newest)
            await _guess_until_spent(attacker, conversation, match["registration_id"], right, way, diary)
        match = (
            await attacker.on(conversation, match["registration_id"], "recheck", person.claims(person.mobile))
        ).json()


async def _guess_until_spent(
    attacker: Attacker, conversation: Conversation, registration_id: str, right: str, way: str, diary: Diary
) -> None:
    before = 1
    for by in range(1, 8):
        answer = (await attacker.guess(conversation, registration_id, wrong(right, by))).json()
        outcome = str(answer.get("outcome") or answer["code"])
        diary.note(way, outcome, -1 if outcome == "code_spent" and before == 1 and by > 1 else 0)
        before = answer.get("attempts_left", 0)
        if outcome != "wrong_code":
            return


async def _reset(attacker: Attacker, person: Person, diary: Diary) -> None:
    """A wrong guess and one that was not looked at have the same answer here: the database says how many were."""
    body = {"username": person.email, "client_address": attacker.conversation().address}
    begun = (await attacker.gateway("POST", "/v1/password-resets", body)).json()
    diary.outcomes[f"password reset: {begun['outcome']}"] += 1
    if begun["outcome"] != "code_sent":
        return
    for number in range(5):
        path = f"/v1/password-resets/{begun['reset_id']}/verification"
        answer = (await attacker.gateway("POST", path, {"code": f"{number:06d}"})).json()
        diary.outcomes[f"password reset: {answer.get('outcome') or answer['code']}"] += 1
    evaluated = await attacker.target.number(
        "SELECT coalesce(max(attempts_used), 0) FROM challenges WHERE session_id = :id", id=begun["reset_id"]
    )
    diary.evaluated += [(diary.hour, "password reset")] * evaluated


async def _sign_in(attacker: Attacker, person: Person, password: str, diary: Diary) -> None:
    newest = await attacker.newest_message()
    pending = (await attacker.sign_in(person.email, password, attacker.conversation().address)).json()
    diary.outcomes[f"first access: {pending['outcome']}"] += 1
    if pending["outcome"] != "code_required":
        return
    right = await attacker.newest_code(person.mobile, newest)
    before = 1
    for by in range(1, 8):
        path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
        answer = (await attacker.gateway("POST", path, {"code": wrong(right, by)})).json()
        outcome = str(answer.get("outcome") or answer["code"])
        diary.note("first access", outcome, -1 if outcome == "code_spent" and before == 1 and by > 1 else 0)
        before = answer.get("attempts_left", 0)
        if outcome != "wrong_code":
            return
