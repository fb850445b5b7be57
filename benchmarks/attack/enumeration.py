"""Who is a customer? Bytes and times of five causes of "not recognised", of sign-ins and of password resets."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import httpx

from benchmarks.attack.attacker import Attacker, Conversation
from benchmarks.attack.findings import Finding
from benchmarks.attack.population import Person, Population
from benchmarks.attack.rank import auc, kolmogorov_smirnov, learned_auc

HIGHEST_AUC = 0.55
FOUND_AUC = 0.9
BASE = "unknown contact"
_MATCHES_A_CONVERSATION = 10
_SAMPLES_AT_ONCE_WITH_FLOOR = 10
# All that may differ between two answers: ids of registrations, resets and codes, which are random, times of day, and
# the seconds still to wait, which depend on how soon was asked.
_RANDOM = re.compile(rb"(reg|rst|chl)_[A-Za-z0-9_-]{22}|20\d\d-[0-9T:.-]+Z|(?<=\"retry_after_seconds\":)\d+")
_LENGTH = "content-length"  # follows from the body, which is compared
_RANDOM_HEADERS = {"date"}

Claims = Callable[[int], dict[str, str]]


@dataclass(frozen=True)
class Suspects:
    """For each cause, what to type: the same contact never twice, as whoever goes through a list of addresses would."""

    causes: dict[str, Claims]

    @classmethod
    async def put_on_file(cls, population: Population, password_hash: str, count: int) -> Suspects:
        """Makes `count` customers for each cause."""
        strangers = population.people(count)
        mismatched, in_use, existing, lapsed = (population.people(count) for _ in range(4))
        await population.put_on_file(mismatched)
        await population.put_on_file(lapsed, policy="scaduta")
        existing_ids = await population.put_on_file(existing)
        await population.open_accounts(existing_ids, existing, password_hash)
        await population.put_on_file(in_use)
        # Her contacts are usernames and device contacts of somebody else's.
        others = [
            Person(other.given_name, other.family_name, other.birth, other.tax_code, her.email, her.mobile)
            for her, other in zip(in_use, population.people(count), strict=True)
        ]
        other_ids = await population.put_on_file(others, device_mobile=True)
        await population.open_accounts(other_ids, others, password_hash)

        def named(people: Sequence[Person], **changes: str) -> Claims:
            return lambda number: people[number].claims(**changes)

        return cls(
            {
                BASE: named(strangers),
                "name mismatch": named(mismatched, given_name="Ermenegildo", family_name="Altrimenti"),
                "contact in use": named(in_use),
                "existing account": named(existing),
                "no policy": named(lapsed),
            }
        )

    def sample(self, cause: str, number: int) -> dict[str, str]:
        return self.causes[cause](number)


async def same_bytes(attacker: Attacker, population: Population, suspects: Suspects, dialogues: int = 20) -> Finding:
    """Plays the same dialogue for each cause and compares all that comes back: status, headers, body.

    Equal after the registration's random id is replaced and the header `date` left out.
    """
    seen: dict[str, set[tuple[object, ...]]] = defaultdict(set)

    async def play(cause: str, number: int) -> None:
        answers = await _dialogue(attacker, suspects.sample(cause, number), population.person().tax_code)
        seen[cause].add(tuple(map(_visible, answers)))

    for number in range(dialogues):
        await asyncio.gather(*(play(cause, number) for cause in suspects.causes))
    different = [cause for cause in suspects.causes if seen[cause] != seen[BASE]]
    finding = Finding("enumeration by bytes", {"dialogues_a_cause": dialogues, "causes_that_differ": different})
    finding.figures["different_dialogues_seen"] = len(set().union(*seen.values()))
    finding.expect(not different, f"these causes are answered with other bytes: {different}")
    finding.expect(len(seen[BASE]) == 1, "the same cause is answered in several ways")
    return finding


async def _dialogue(attacker: Attacker, claims: dict[str, str], tax_code: str) -> list[httpx.Response]:
    conversation = attacker.conversation()
    begun = await attacker.begin(conversation, claims)
    registration_id = begun.json()["registration_id"]
    code = await attacker.reference(conversation, "verification_code", "123456")
    return [
        begun,
        await attacker.on(conversation, registration_id, "recheck", claims),
        await attacker.on(conversation, registration_id, "code", {}),
        await attacker.on(conversation, registration_id, "verification", {"code_reference": code}),
        await attacker.on(conversation, registration_id, "chosen-contact", {"contact_id": "cto_0"}),
        await attacker.identify(conversation, registration_id, tax_code),
    ]


def _visible(answer: httpx.Response) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    body = _RANDOM.sub(b"*", answer.content)
    headers = dict(answer.headers) | {_LENGTH: str(len(body))}
    return answer.status_code, tuple(sorted((n, v) for n, v in headers.items() if n not in _RANDOM_HEADERS)), body


async def times(attacker: Attacker, suspects: Suspects, samples: int, at_once: int, first: int = 0) -> Timing:
    """Seconds of `samples` matches of each cause, in a random order, `at_once` at the same time."""
    order = [(cause, number) for cause in suspects.causes for number in range(first, first + samples)]
    Random(samples).shuffle(order)
    seconds: dict[str, list[float]] = defaultdict(list)
    tasks = iter(order)

    async def client() -> None:
        conversation, registration_id, left = attacker.conversation(), "", 0
        for cause, number in tasks:
            claims = suspects.sample(cause, number)
            if not left:
                conversation, left = attacker.conversation(), _MATCHES_A_CONVERSATION
                registration_id = await _opened(attacker, conversation)
                left -= 1
            left -= 1
            began = time.perf_counter()
            answer = await attacker.on(conversation, registration_id, "recheck", claims)
            seconds[cause].append(time.perf_counter() - began)
            assert answer.json()["outcome"] == "not_recognised", answer.text

    await asyncio.gather(*(client() for _ in range(at_once)))
    return Timing(dict(seconds))


async def _opened(attacker: Attacker, conversation: Conversation) -> str:
    """A registration of nobody, whose data are then corrected again and again."""
    typed = {"customer_type": "persona", "given_name": "Nessuno", "family_name": "Affatto"}
    match = await attacker.begin(conversation, typed | {"contact": f"nessuno.{conversation.id}@posta.example"})
    return str(match.json()["registration_id"])


@dataclass(frozen=True)
class Timing:
    """Seconds by cause."""

    seconds: dict[str, list[float]]

    def figures(self) -> dict[str, object]:
        base = self.seconds[BASE]
        told = {}
        for cause, values in self.seconds.items():
            if cause != BASE:
                told[cause] = {
                    "auc": round(auc(base, values), 3),
                    "learned_auc": round(learned_auc(base, values), 3),
                    "ks": round(kolmogorov_smirnov(base, values), 3),
                    "p50_ms": round(1000 * sorted(values)[len(values) // 2], 2),
                }
        return {
            "samples_a_cause": len(base),
            "chance_alone_reaches": round(self.chance(), 3),
            "p50_ms": round(1000 * sorted(base)[len(base) // 2], 2),
            "told": told,
        }

    def chance(self) -> float:
        """What the AUC reaches by chance alone at this number of samples (four standard errors): to be read beside it,
        since a small run may miss the bound, which stays the same, without anything to be found.
        """
        return 0.5 + 4 / math.sqrt(6 * len(self.seconds[BASE]))

    def highest_auc(self) -> float:
        base = self.seconds[BASE]
        return max(
            max(auc(base, values), learned_auc(base, values)) for cause, values in self.seconds.items() if cause != BASE
        )


async def with_floor(attacker: Attacker, suspects: Suspects, samples: int) -> Finding:
    """What an attacker measures in production."""
    timing = await times(attacker, suspects, samples, _SAMPLES_AT_ONCE_WITH_FLOOR)
    finding = Finding("enumeration by time, as in production", timing.figures())
    highest = timing.highest_auc()
    finding.expect(highest <= HIGHEST_AUC, f"a cause is told from an unknown contact with AUC {highest:.3f}")
    return finding


async def without_floor(attacker: Attacker, suspects: Suspects, samples: int) -> Finding:
    """For information: what the floor hides."""
    timing = await times(attacker, suspects, samples, 1)
    return Finding("for information: enumeration by time without the answer floor", timing.figures())


async def leaky(attacker: Attacker, suspects: Suspects, samples: int) -> Finding:
    """The control: an endpoint that answers early for an unknown contact must be found out."""
    timing = await times(attacker, suspects, samples, 1)
    finding = Finding("control: an early return", timing.figures())
    base = timing.seconds[BASE]
    lowest = min(auc(base, values) for cause, values in timing.seconds.items() if cause != BASE)
    finding.expect(lowest > FOUND_AUC, f"the early return was told with AUC {lowest:.3f} only")
    return finding


async def sign_ins(attacker: Attacker, people: Sequence[Person], strangers: Sequence[Person]) -> Finding:
    """A username that exists with a wrong password, and one that does not: bytes and times."""
    order = [("exists", each) for each in people] + [(BASE, each) for each in strangers]
    Random(len(order)).shuffle(order)
    seconds: dict[str, list[float]] = defaultdict(list)
    seen: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for kind, person in order:
        address = attacker.conversation().address
        began = time.perf_counter()
        answer = await attacker.sign_in(person.email, "Sbagliata7Parola", address)
        seconds[kind].append(time.perf_counter() - began)
        seen[kind].add(_visible(answer))
    timing = Timing(dict(seconds))
    finding = Finding("enumeration by sign-in", timing.figures())
    highest = timing.highest_auc()
    finding.expect(seen["exists"] == seen[BASE], "sign-ins of a username that exists are answered with other bytes")
    finding.expect(highest <= HIGHEST_AUC, f"a username that exists is told with AUC {highest:.3f}")
    return finding


async def resets(attacker: Attacker, suspects: Suspects, samples: int) -> Finding:
    """Forgotten passwords of usernames that exist and of those that don't: bytes and times, as in production."""
    order = [(cause, n) for cause in ("existing account", BASE) for n in range(samples)]
    Random(samples).shuffle(order)
    seconds: dict[str, list[float]] = defaultdict(list)
    seen: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    tasks = iter(order)

    async def client() -> None:
        for cause, number in tasks:
            address = attacker.conversation().address
            body = {"username": suspects.sample(cause, number)["contact"], "client_address": address}
            began = time.perf_counter()
            answer = await attacker.gateway("POST", "/v1/password-resets", body)
            seconds[cause].append(time.perf_counter() - began)
            seen[cause].add(_visible(answer))

    await asyncio.gather(*(client() for _ in range(_SAMPLES_AT_ONCE_WITH_FLOOR)))
    timing = Timing(dict(seconds))
    finding = Finding("enumeration by password reset", timing.figures())
    highest = timing.highest_auc()
    finding.expect(seen["existing account"] == seen[BASE], "resets of a username that exists have other bytes")
    finding.expect(highest <= HIGHEST_AUC, f"a username that exists is told with AUC {highest:.3f}")
    return finding


async def strict(attacker: Attacker, suspects: Suspects, population: Population, dialogues: int = 20) -> Finding:
    """Where everybody sees the code screen: the same bytes for the five causes AND for who is recognised."""
    customers = population.people(dialogues)
    await population.put_on_file(customers)
    causes = suspects.causes | {"recognised": lambda number: customers[number].claims()}
    seen: dict[str, set[tuple[object, ...]]] = defaultdict(set)

    async def play(cause: str, number: int) -> None:
        conversation, claims = attacker.conversation(), causes[cause](number)
        begun = await attacker.begin(conversation, claims)
        registration_id = begun.json()["registration_id"]
        guesses = [await attacker.guess(conversation, registration_id, f"{n:06d}") for n in range(6)]
        again = await attacker.on(conversation, registration_id, "code", {})
        masked = begun.json()["challenge"]["masked_destination"].encode()
        shown = [(answer.status_code, _visible(answer)[2]) for answer in (begun, *guesses, again)]
        # Everybody types a contact of his own, and sees its mask.
        seen[cause].add(tuple((status, body.replace(masked, b"?")) for status, body in shown))

    for number in range(dialogues):
        await asyncio.gather(*(play(cause, number) for cause in causes))
    different = [cause for cause in causes if seen[cause] != seen[BASE]]
    finding = Finding("enumeration in the strict mode, by bytes", {"dialogues_a_cause": dialogues})
    finding.figures |= {"causes_that_differ": different, "different_dialogues_seen": len(set().union(*seen.values()))}
    finding.expect(not different, f"these causes are answered with other bytes: {different}")
    return finding
