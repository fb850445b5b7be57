"""Whatever happens in whatever order: one owner, a growing epoch, no word of the assistant while a person has it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Coroutine
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from areaclienti.desk.operations import DeskRefused, To
from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.migrate import upgrade
from areaclienti.gateway.engine_client import BotMessage, HandoverAsked, TurnAnswer
from areaclienti.gateway.ledger import ChoiceExpired, ConversationClosed
from areaclienti.gateway.ownership import NEXT, NotAllowed, Owner, check
from areaclienti.gateway.texts import load_texts
from areaclienti.gateway.turns import PendingTurn, TurnQueue
from tests.unit.desk.world import World

Result = TypeVar("Result")
WITH_AGENT = ("offered", "human", "wrap_up")
HANDOVER = HandoverAsked(reason="requested", resume_step="contact", resume_expects="email_or_mobile")


def test_a_conversation_passes_only_as_the_design_says() -> None:
    owners: tuple[Owner, ...] = get_args(Owner)
    assert set(NEXT) == set(owners)
    for present in owners:
        for following in owners:
            with contextlib.nullcontext() if following in NEXT[present] else pytest.raises(NotAllowed):
                check(present, following)
    assert NEXT["closed"] == frozenset(), "what is over stays over"
    assert all("human" not in NEXT[owner] for owner in ("bot", "wrap_up", "closed")), "nobody takes what nobody gave"


@cache
def migrated() -> Path:
    """A database to copy."""
    file = Path(tempfile.mkdtemp(prefix="desk-")) / "gateway.db"
    upgrade(f"sqlite+aiosqlite:///{file}")
    return file


class Ownership(RuleBasedStateMachine):
    """One conversation between a customer, an engine that may be late, three agents, and time."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.mkdtemp(prefix="desk-")
        shutil.copy(migrated(), Path(self.folder) / "gateway.db")
        self.database = open_database(f"sqlite+aiosqlite:///{self.folder}/gateway.db")
        self.world = World(self.database)
        self.turns = TurnQueue(self.database, self.world.customers)
        self.under_way: list[PendingTurn] = []
        self.count = 0
        self.epoch = 0
        self.seen = 0
        self.owner = "bot"
        self.conversation_id = self.do(self.world.conversation())
        world = self.world
        self.agents = [
            self.do(world.agent("Anna Neri")),
            self.do(world.agent("Bruno Sala")),
            self.do(world.agent("Sara Po", "supervisore", "agente")),
        ]

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.do(self.database.close())
            self.loop.close()
            shutil.rmtree(self.folder)

    def number(self) -> int:
        self.count += 1
        return self.count

    # ---- the customer ----

    @rule(text=st.sampled_from(["ciao", "/restart", "mario@example.it"]))
    def says(self, text: str) -> None:
        self.writes(text)

    def writes(self, text: str) -> None:
        with contextlib.suppress(ConversationClosed):
            self.do(self.world.ledger.say(self.conversation_id, f"client-{self.number()}", "text", text, None))

    @rule(which=st.integers(0, 20))
    def presses(self, which: int) -> None:
        messages = self.do(self.world.messages(self.conversation_id))
        choices = [choice for message in messages for choice in message.choices]
        if choices:
            choice_id = choices[-1 - which % len(choices)]["id"]
            with contextlib.suppress(ChoiceExpired, ConversationClosed):
                self.do(self.world.ledger.choose(self.conversation_id, f"client-{self.number()}", choice_id))

    # ---- the engine ----

    @rule(is_written_first=st.booleans())
    def takes_a_turn(self, is_written_first: bool) -> None:
        if is_written_first:
            self.writes("ciao")
        turn = self.do(self.turns.next(self.conversation_id))
        if turn is not None:
            self.under_way.append(turn)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 5), stops=st.sampled_from([None, None, HANDOVER]))
    def answers(self, which: int, stops: HandoverAsked | None) -> None:
        self.answered(which, stops)

    def answered(self, which: int, stops: HandoverAsked | None) -> None:
        """The answer of a turn: it stands in the ledger only if nothing changed hands since it was asked."""
        turn = self.under_way.pop(which % len(self.under_way))
        [row] = [one for one in self.do(self.world.turns(self.conversation_id)) if one.id == turn.id]
        is_in_time = row.state == "pending" and row.epoch == self.epoch
        text = f"risposta {self.number()}"
        step, expects = ("handover", "text") if stops else ("contact", "email_or_mobile")
        answer = TurnAnswer.model_validate(
            {"messages": [BotMessage(text=text)], "step": step, "expects": expects, "handover": stops}
        )
        self.do(self.turns.answer(turn, answer))
        said = [message.text for message in self.do(self.world.messages(self.conversation_id))]
        assert (text in said) is is_in_time

    @precondition(lambda self: self.under_way)
    @rule()
    def is_down(self) -> None:
        self.do(self.turns.fail(self.under_way.pop(), load_texts().failure))

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 5))
    def is_too_late(self, which: int) -> None:
        """A person is asked for while the answer of a turn is on its way."""
        if self.owner == "bot":
            self.asks_elsewhere(True)
            self.epoch += 1
        self.answered(which, None)

    @precondition(lambda self: self.owner == "bot")
    @rule(is_placed=st.booleans())
    def asks_for_a_person_elsewhere(self, is_placed: bool) -> None:
        self.asks_elsewhere(is_placed)

    def asks_elsewhere(self, is_placed: bool) -> None:
        """Another gateway writes an answer that stops, whatever is under way here."""
        self.do(self.world.ask_for_person(self.conversation_id))
        if is_placed:
            self.do(self.world.place((self.do(self.world.handovers_of(self.conversation_id)))[-1].id))

    # ---- the desk ----

    @precondition(lambda self: self.owner in ("queued", "offered", "callback"))
    @rule(who=st.integers(0, 2))
    def is_claimed(self, who: int) -> None:
        self.works(who, "claim")

    @precondition(lambda self: self.owner != "bot")
    @rule(who=st.integers(0, 2), what=st.sampled_from(
        ["claim", "release", "to_colleague", "to_pool", "hand_back", "close", "force_take", "reply", "late_reply"]
    ))  # fmt: skip
    def does(self, who: int, what: str) -> None:
        self.works(who, what)

    def works(self, who: int, what: str) -> None:
        handovers = self.do(self.world.handovers_of(self.conversation_id))
        if not handovers:
            return
        handover_id, agent = handovers[-1].id, self.agents[who]
        desk = self.world.operations
        act = {
            "claim": lambda: desk.claim(handover_id, agent),
            "release": lambda: desk.release(handover_id, agent),
            "to_colleague": lambda: desk.transfer(handover_id, agent, To(agent_id=self.agents[(who + 1) % 3])),
            "to_pool": lambda: desk.transfer(handover_id, agent, To()),
            "hand_back": lambda: desk.hand_back(handover_id, agent, "contact", ["name"]),
            "close": lambda: desk.close(handover_id, agent, "solved"),
            "force_take": lambda: desk.force_take(handover_id, agent),
            "reply": lambda: desk.reply(handover_id, agent, f"agent-{self.number()}", "eccomi", self.epoch),
            "late_reply": lambda: desk.reply(handover_id, agent, f"agent-{self.number()}", "tardi", self.epoch - 1),
        }[what]
        with contextlib.suppress(DeskRefused):
            self.do(act())  # type: ignore[no-untyped-call]

    @rule(seconds=st.sampled_from([1, 31, 59, 601]), present=st.sets(st.integers(0, 2)))
    def time_passes(self, seconds: int, present: set[int]) -> None:
        self.world.passes(seconds=seconds)
        for number in present:
            self.do(self.world.operations.set_presence(self.agents[number], "available"))
        self.do(self.world.rounds.go())

    # ---- what holds ----

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "conversation_id"):
            return
        conversation = self.do(self.world.conversation_row(self.conversation_id))
        events = self.do(self.world.events(self.conversation_id))
        messages = self.do(self.world.messages(self.conversation_id))
        open_ones = [one for one in self.do(self.world.handovers_of(self.conversation_id)) if one.ended_at is None]

        assert conversation.epoch >= self.epoch, "the epoch never falls"
        assert [event.epoch for event in events] == list(range(1, conversation.epoch + 1)), "each change has its row"
        owners = ["bot", *(event.to_owner for event in events)]
        assert [event.from_owner for event in events] == owners[:-1] and owners[-1] == conversation.owner

        if conversation.owner in ("bot", "closed"):
            assert open_ones == []
        else:
            [handover] = open_ones
            assert handover.state == conversation.owner
            assert (handover.agent_id is not None) is (conversation.owner in WITH_AGENT)

        assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
        fresh = messages[self.seen :]
        if self.owner != "bot" and conversation.owner != "bot":
            assert "bot" not in [message.author for message in fresh], "the assistant spoke while a person had it"
        if "human" not in (self.owner, conversation.owner):
            assert "agent" not in [message.author for message in fresh], "a person spoke who did not have it"
        assert "tardi" not in [message.text for message in messages], "a send under an old epoch"
        waiting = [one for one in self.do(self.world.turns(self.conversation_id)) if one.state == "pending"]
        assert waiting == [] or conversation.owner == "bot", "the engine is to be asked while a person has it"
        assert {one.epoch for one in waiting} <= {conversation.epoch}
        self.epoch, self.owner, self.seen = conversation.epoch, conversation.owner, len(messages)


TestOwnership = Ownership.TestCase
TestOwnership.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
