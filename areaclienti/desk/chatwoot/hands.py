"""Who has a conversation, as Chatwoot's people decided it there: they become agents of ours, known by Chatwoot's id."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.chatwoot.links import OPEN_STATES
from areaclienti.desk.rounds import FEED
from areaclienti.desk.texts import Texts
from areaclienti.desk.transitions import move, open_handover
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.ledger import ConversationClosed, append, locked

_PREFIX = "chatwoot-"
NOBODY = 0  # where Chatwoot names nobody


def agent_of(chatwoot_agent: int) -> str:
    """The id of our agent who is this one at Chatwoot."""
    return f"{_PREFIX}{chatwoot_agent}"


def chatwoot_agent_of(agent_id: str | None) -> int | None:
    """Chatwoot's id of our agent; None for one who is not from there."""
    number = (agent_id or "").removeprefix(_PREFIX)
    return int(number) if agent_id != number and number.isdigit() else None


class Hands:
    """Gives conversations to people of Chatwoot's. Rights there are Chatwoot's own: whoever sees a conversation may
    have it. Here they are agents of the pool, who may act on what they have and on nothing else.
    """

    def __init__(self, database: Database, hub: Hub, texts: Texts, nobody: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._hub = hub
        self._texts = texts
        self._nobody = nobody
        self._clock = clock

    async def give(self, conversation_id: str, chatwoot_agent: int, name: str) -> bool:
        """Let this one have it, whoever had it; the customer is told by name. False where no person can have it now."""

        def work(session: Session) -> bool:
            try:
                conversation = locked(session, conversation_id)
            except ConversationClosed:
                return False
            handover = open_handover(session, conversation_id)
            if handover is None or conversation.closed_at is not None or conversation.owner not in OPEN_STATES:
                return False
            agent = self._known(session, chatwoot_agent, name)
            if conversation.owner == "human" and handover.agent_id == agent.id:
                return True
            if not move(session, conversation, handover, "human", who=agent.id, reason="claimed", agent_id=agent.id):
                return False
            handover.claimed_at, handover.level_until = handover.claimed_at or self._clock(), None
            append(session, conversation, "system", "notice", self._texts.claimed.format(agent=agent.name))
            return True

        is_given = await self._database.write(work)
        if is_given:
            self._hub.ledger_grew(conversation_id)
            self._hub.ledger_grew(FEED)
        return is_given

    async def are_there(self, chatwoot_agents: Collection[int]) -> None:
        """These were heard of: what they have stays theirs. Nothing is offered to them, Chatwoot does that itself."""
        ids = [agent_of(number) for number in chatwoot_agents]
        known = select(DeskAgent.id).where(DeskAgent.id.in_(ids))

        def work(session: Session) -> None:
            for agent_id in session.scalars(known).all():
                agents.seen(session, agent_id, self._clock(), "paused")

        if await self._database.read(lambda session: session.scalar(known.limit(1))) is not None:
            await self._database.write(work)

    def _known(self, session: Session, chatwoot_agent: int, name: str) -> DeskAgent:
        agent_id = agent_of(chatwoot_agent)
        agent = session.get(DeskAgent, agent_id)
        if agent is None:
            # an address that nobody has, so that nobody signs in at our desk with it (RFC 2606)
            agent = agents.new_agent(name or self._nobody, f"{agent_id}@chatwoot.invalid", ["agente"])
            agent.id = agent_id
            session.add(agent)
        agent.name = name or agent.name
        agent.presence, agent.seen_at = "paused", self._clock()
        session.flush()
        return agent
