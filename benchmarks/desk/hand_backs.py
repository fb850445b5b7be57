"""Conversations handed back at every step of every way: the form stands there, and leads to the account."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.customer import Customer
from benchmarks.desk.desk_day import ask_for_a_person, given, take_that_of
from benchmarks.desk.world import World
from benchmarks.waiting import until
from tests.scenarios import customers as on_file
from tests.scenarios.generate import ways_to_points
from tests.scenarios.model import filled
from tests.scenarios.player import code_in
from tests.scenarios.records import Records

AT_ONCE = 6
MOST_ANSWERS = 40  # from the hand-back to the account: a way that goes in circles is none
CODE_SECONDS = 60.0
DONE = "done"


@dataclass(frozen=True)
class Return:
    """A person is asked for at a point of a way, and gives the conversation back at a step."""

    name: str
    kind: str  # of customer
    before: Sequence[dict[str, Any]]  # steps that lead to the point
    step: str
    answers: dict[str, dict[str, Any]]  # what a customer of this way answers at each step


@dataclass
class Returns:
    """What came of all; `elsewhere` and `unfinished` must be empty."""

    stories: int = 0
    points: int = 0
    tried: int = 0
    stood_there: int = 0
    finished: int = 0
    elsewhere: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


def all_returns() -> Iterator[Return]:
    """From every point, at its own step and at each one before it."""
    for name, kind, before, point, after in ways_to_points():
        steps = list(dict.fromkeys([point["step"], *(step["step"] for step in reversed(before))]))
        answers: dict[str, dict[str, Any]] = {}
        at = None
        for step in [*before, *after]:
            given_here = {
                key: value for key, value in step.items() if key in ("text", "choose", "password", "tax_code", "code")
            }
            if at is not None:
                answers.setdefault(at, given_here)
            at = step["step"]
        if "given_name" in name or "family_name" in name or answers.get("name") == {"text": "{given_name}"}:
            answers["name"] = {"text": "{name}"}  # asked once more, both are told
        for step in steps:
            yield Return(f"{name} → {step}", kind, before, step, answers)


async def hand_back_everywhere(world: World, part: float) -> Returns:
    """All of them (or a part, spread over the ways), some side by side."""
    everything = list(all_returns())
    chosen = everything[:: max(1, round(1 / part))]
    found = Returns(
        len({one.name.split(",")[0] for one in chosen}), len({one.name.split(" → ")[0] for one in chosen}), len(chosen)
    )
    people = [on_file.make_customer(one.kind, number) for number, one in enumerate(chosen)]
    await on_file.put_on_file(world.stack, people)
    agents = await world.agents(AT_ONCE)
    free: asyncio.Queue[AgentBrowser] = asyncio.Queue()
    for agent in agents:
        free.put_nowait(agent)

    async def one(way: Return, person: on_file.Customer) -> None:
        agent = await free.get()
        walk = _Walk(world, agent, person.variables)
        try:
            await walk.to_the_point(way)
            stands_at = await walk.handed_back(way.step)
            if stands_at != way.step:
                found.elsewhere.append(f"{way.name}: {stands_at}")
                return
            found.stood_there += 1
            trouble = await walk.to_the_account(way)
            if trouble:
                found.unfinished.append(f"{way.name}: {trouble}")
            else:
                found.finished += 1
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1].name
            found.unfinished.append(f"{way.name}: {type(error).__name__} {error} in {place} at {walk.customer.step}")
        finally:
            await walk.customer.close()
            free.put_nowait(agent)

    await asyncio.gather(*(one(way, person) for way, person in zip(chosen, people, strict=True)))
    for agent in agents:
        await agent.close()
    return found


class _Walk:
    """One customer and the agent who helps him."""

    def __init__(self, world: World, agent: AgentBrowser, variables: dict[str, str]) -> None:
        self.customer: Customer = world.customer()
        self._agent = agent
        self._variables = variables
        self._records = Records(world.stack)

    async def to_the_point(self, way: Return) -> None:
        await self.customer.open()
        for step in way.before:
            await self._answer({key: value for key, value in step.items() if key != "step"})
            assert self.customer.step == step["step"], f"{self.customer.step} instead of {step['step']} on the way"

    async def handed_back(self, step: str) -> str | None:
        """Ask for a person, who takes it and gives it back at the step; where it stands then."""
        await ask_for_a_person(self.customer)
        handover_id = await take_that_of(self.customer, self._agent, self._records)
        before = self.customer.last_seq
        await given(self._agent, "POST", f"/handovers/{handover_id}/hand-back", {"step": step, "settled": ["question"]})
        await self.customer.answered(before)
        return self.customer.step

    async def to_the_account(self, way: Return) -> str | None:
        """Answer whatever is asked until the account is there; what stood in the way, if anything did."""
        for _ in range(MOST_ANSWERS):
            at = self.customer.step
            if at == DONE:
                return None
            if at not in way.answers:
                return f"asked at {at}, which is not on this way"
            await self._answer(way.answers[at])
        return f"{MOST_ANSWERS} answers, and it stands at {self.customer.step}"

    async def _answer(self, answer: dict[str, Any]) -> None:
        if not answer:
            return
        [(how, what)] = filled(answer, self._variables).items()
        before = self.customer.last_seq
        if how == "choose":
            await self.customer.choose(what)
        elif how == "text":
            await self.customer.say(what)
        elif how == "code":
            await self.customer.give("verification_code", await self._newest_code())
        else:
            await self.customer.give(how, what)
        await self.customer.answered(before)

    async def _newest_code(self) -> str:
        async def has_come() -> bool:
            codes = self._records.codes(self._conversation_id())
            return bool(codes) and codes[-1][0] is not None

        if not await until(has_come, CODE_SECONDS):
            raise AssertionError("no code came")
        text, _ = self._records.codes(self._conversation_id())[-1]
        assert text is not None
        return code_in(text)

    def _conversation_id(self) -> str:
        return self._records.conversation_id("csrf", self.customer.csrf)
