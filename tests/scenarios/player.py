"""Plays one scenario on a channel and checks every step of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from tests.scenarios.channel import Channel, ChatApp, Reply
from tests.scenarios.customers import Customer
from tests.scenarios.invariants import Invariants
from tests.scenarios.model import IdentityFacts, Scenario, Step, filled
from tests.scenarios.names import names_on
from tests.scenarios.records import Records
from tests.stack import Stack

CODE_SECONDS = 30.0


class ScenarioFailed(AssertionError):
    """What was not as expected, with the conversation so far."""


class Player:
    """One scenario in one conversation. `codes` gathers those that came or were given."""

    def __init__(self, stack: Stack, scenario: Scenario, customer: Customer, channel: Channel) -> None:
        self.codes: set[str] = set()
        self._stack = stack
        self._scenario = scenario
        self._customer = customer
        self._channel = channel
        self._records = Records(stack)
        self._names = names_on(channel.name)
        self._invariants = Invariants()
        self._transcript: list[str] = []
        self._sent_messages = 0

    async def play(self) -> None:
        """Raises ScenarioFailed."""
        variables = self._customer.variables
        written_steps = [step.as_on(self._channel.name) for step in self._scenario.steps]
        steps = [Step.model_validate(filled(step.model_dump(), variables)) for step in written_steps]
        try:
            for number, (step, written) in enumerate(zip(steps, written_steps, strict=True), start=1):
                self._transcript.append(f"{number}. customer {written.told()}")
                await self._do(step)
            self._check_identity(self._scenario.identity)
            if (most := self._scenario.at_most_messages) is not None:
                self._expect(self._sent_messages <= most, f"{self._sent_messages} messages of the customer, not {most}")
        except (AssertionError, LookupError) as failed:
            told = "\n".join(self._transcript)
            raise ScenarioFailed(f"{self._scenario.id}\n{told}\n=> {failed}") from None
        finally:
            await self._channel.close()

    async def _do(self, step: Step) -> None:
        began = time.monotonic()
        reply = await self._send(step)
        if reply.refused is not None or step.refused is not None:
            self._check_refused(step, reply)
            return
        self._sent_messages += bool(step.inputs) and not step.again and not step.reload
        conversation_id = self._conversation_id()
        slots = self._records.slots(conversation_id)
        utterances = None
        if not step.again and not step.reload and not step.silent:
            utterances = self._records.utterances(conversation_id, reply.seq)
            self._tell(reply, utterances, time.monotonic() - began)
            broken = self._invariants.check(step, reply, utterances, slots)
            self._expect(not broken, "; ".join(broken))
        if step.silent:
            self._expect(not reply.messages, f"answered {len(reply.messages)} messages")
        self._check(step, reply, utterances, slots)

    # ---- what the customer does ----

    async def _send(self, step: Step) -> Reply:
        if step.text is not None:
            return await self._channel.text(step.text)
        if step.choose is not None:
            return await self._channel.choose(self._names.title(step.choose))
        if step.send is not None or step.old_choice is not None:
            app = cast(ChatApp, self._channel)
            return await (app.send(step.send) if step.send else app.old_choice(self._names.title(str(step.old_choice))))
        if step.again:
            return await self._channel.again()
        if step.reload:
            return await self._channel.reload()
        if step.gone_for_hours is not None:
            self._records.let_pass(self._conversation_id(), step.gone_for_hours)
            return await self._channel.come_back()
        for purpose, value in (("password", step.password), ("tax_code", step.tax_code)):
            if value is not None:
                return await self._channel.secret(purpose, value)
        if step.code is not None:
            return await self._channel.secret("verification_code", await self._code(step.code))
        if step.code_in_chat is not None:
            return await self._channel.text(await self._code(step.code_in_chat))
        return await self._channel.open()

    async def _code(self, which: str) -> str:
        if which == "invented":
            return "271828"
        codes = await self._arrived_codes()
        code, ends_at = codes[-1]
        if which == "previous":
            return codes[-2][0]
        if which == "wrong":
            wrong = f"{(int(code) + 123_457) % 1_000_000:06d}"
            self.codes.add(wrong)
            return wrong
        if which == "expired":
            await asyncio.sleep(max(0.0, (ends_at - datetime.now(UTC)).total_seconds() + 0.5))
        return code

    async def _arrived_codes(self) -> list[tuple[str, datetime]]:
        """The codes in the mailbox, oldest first, each with its end; waits for the newest one that was announced."""
        deadline = time.monotonic() + CODE_SECONDS
        while True:
            codes = self._records.codes(self._conversation_id())
            self._expect(bool(codes), "no code was announced")
            if codes[-1][0] is not None:
                arrived = [(code_in(text), ends_at) for text, ends_at in codes if text is not None]
                self.codes |= {code for code, _ in arrived}
                return arrived
            self._expect(time.monotonic() < deadline, "the code did not come to the mailbox")
            await asyncio.sleep(0.1)

    # ---- what must follow ----

    def _check_refused(self, step: Step, reply: Reply) -> None:
        self._transcript.append(f"   refused: {reply.refused}")
        wanted = step.refused
        self._expect(reply.refused is not None, f"not refused, wanted {wanted}")
        self._expect(wanted is not None, "refused, but that was not expected")
        assert wanted is not None and reply.refused is not None
        given = (reply.refused["status"], reply.refused["code"], sorted(reply.refused.get("failed_rules", [])))
        self._expect(given == (wanted.status, wanted.code, sorted(wanted.failed_rules)), f"wanted {wanted}")

    def _check(self, step: Step, reply: Reply, utterances: list[str] | None, slots: dict[str, Any]) -> None:
        state = reply.state
        for name in ("step", "expects"):
            wanted = getattr(step, name)
            self._expect(wanted in (None, state[name]), f"{name} is {state[name]}, not {wanted}")
        if step.says:
            is_said = self._names.in_order(step.says, utterances or [])
            self._expect(is_said, f"did not say {step.says} in this order")
        said = [name for name in step.not_says if name in (utterances or [])]
        self._expect(not said, f"said {said}")
        words = "\n".join(message.text for message in reply.messages)
        for part in step.text_has:
            self._expect(part in words, f"{part!r} does not stand in the answer")
        for name, value in step.slots.items():
            self._expect(slots.get(name) == value, f"slot {name} is {slots.get(name)!r}, not {value!r}")
        if step.notice is not None:
            self._check_notice(step.notice, reply, utterances)

    def _check_notice(self, name: str, reply: Reply, utterances: list[str] | None) -> None:
        text = self._names.notice(name)
        self._expect(utterances is None, "the engine was asked")
        self._expect(reply.messages[0].text == text, f"not the notice {name}")
        if self._channel.name == "web":
            self._expect(len(reply.messages) == 1, "more than the notice")

    def _check_identity(self, wanted: IdentityFacts) -> None:
        conversation_id = self._conversation_id()
        usernames = self._records.usernames(self._customer.code)
        found: dict[str, Callable[[], Any]] = {
            "accounts": lambda: len(usernames),
            "username": lambda: next(iter(usernames), None),
            "verified": lambda: next(iter(self._records.verified(conversation_id)), None),
            "registrations": lambda: self._records.registrations(conversation_id),
            "acknowledged": lambda: self._records.acknowledged(conversation_id),
            "challenges": lambda: self._records.challenges(conversation_id),
        }
        for name, value in filled(wanted.model_dump(exclude_none=True), self._customer.variables).items():
            is_so = found[name]()
            self._expect(is_so == value, f"identity: {name} is {is_so!r}, not {value!r}")

    def _conversation_id(self) -> str:
        return self._records.conversation_id(*self._channel.found_by())

    def _tell(self, reply: Reply, utterances: list[str] | None, seconds: float) -> None:
        for message in reply.messages:
            self._transcript.append(f"     {message.author}: {message.text!r} {list(message.choices) or ''}")
        said = "notice of the gateway" if utterances is None else ", ".join(map(str, utterances))
        self._transcript.append(f"     ({said}) step {reply.state['step']}, {seconds * 1000:.0f} ms")

    @staticmethod
    def _expect(true: bool, otherwise: str) -> None:
        if not true:
            raise AssertionError(otherwise)


def code_in(text: str) -> str:
    """The six digits of a message that carries a code."""
    found = re.search(r"(?<!\d)\d{6}(?!\d)", text)
    assert found, "no code stands in the message"
    return found[0]
