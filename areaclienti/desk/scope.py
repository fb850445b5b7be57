"""Who may see and do what at the desk: the only place that says so, and whatever it does not allow is denied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["agente", "supervisore", "auditor"]
Level = Literal["consultant", "agency", "pool"]
Action = Literal[
    "read", "claim", "reply", "note", "draft", "transfer", "release", "hand_back", "close", "force_take",
    "figures", "export", "new_contact", "decide_contact", "reveal",
]  # fmt: skip


@dataclass(frozen=True)
class Who:
    """An agent, as far as rights go. Without an agency he is of the pool, the insurer's own people."""

    id: str
    roles: frozenset[str]
    agency_code: str | None
    consultant_code: str | None
    active: bool


@dataclass(frozen=True)
class Where:
    """A handover, as far as rights go. `level` None: nobody was asked yet whose customer it is.

    `requested_by`: who asked for a new contact; then `agency_code` is the customer's by the registry, wherever the
    conversation was passed on to.
    """

    level: str | None
    agency_code: str | None
    consultant_code: str | None
    agent_id: str | None
    requested_by: str | None = None


# What each role may do, and with which handovers among those that it sees.
_OWN: Final = frozenset({"reply", "note", "draft", "transfer", "release", "hand_back", "close", "new_contact"})
_SUPERVISED: Final = frozenset({"note", "transfer", "release", "force_take"})
_COUNTED: Final = frozenset({"figures", "export"})  # what all of them come to, and a list of them to keep
_ALLOWED: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    # role: (with one's own, with any)
    "agente": (_OWN, frozenset({"read"})),
    "supervisore": (_OWN, frozenset({"read"}) | _SUPERVISED | _COUNTED),
    "auditor": (frozenset(), frozenset({"read"}) | _COUNTED),
}
_CLAIMING: Final = frozenset({"agente", "supervisore"})


def may(who: Who, action: Action, where: Where) -> bool:
    """Whether the agent may do that with the handover."""
    if not who.active:
        return False
    return any(_role_may(role, who, action, where) for role in who.roles)


def overall(who: Who) -> Where:
    """What stands for all handovers that he may see, where an action is not about one: his agency's, or everybody's."""
    return Where("pool" if who.agency_code is None else "agency", who.agency_code, None, None)


def sees_all(who: Who) -> bool:
    """Whether he watches over every conversation, also those that came to nobody."""
    return may(who, "read", Where(None, None, None, None))


def at_level(who: Who, where: Where) -> bool:
    """Whether the handover waits for people like him: the consultant alone, then his agency too, then the pool too."""
    if where.level == "consultant":
        return who.consultant_code is not None and who.consultant_code == where.consultant_code
    if where.level == "agency":
        return _same_agency(who, where)
    return where.level == "pool" and (who.agency_code is None or _same_agency(who, where))


def _role_may(role: str, who: Who, action: str, where: Where) -> bool:
    if action == "decide_contact":
        # Two people of the customer's own agency, plainly: the pool may ask for an agency's customer and never decides
        # about him, not even its supervisors; for customers without an agency it takes two of the pool.
        is_second = where.requested_by not in (None, who.id)
        return role in _CLAIMING and is_second and who.agency_code == where.agency_code
    if role not in _ALLOWED or not _sees(role, who, where):
        return False
    if action == "reveal":
        # What the customer said who he is: for who answers him, and for supervisors of that very agency.
        is_his_agency = where.level is not None and who.agency_code == where.agency_code
        return role in _CLAIMING and (where.agent_id == who.id or (role == "supervisore" and is_his_agency))
    if action == "claim":
        return role in _CLAIMING and (at_level(who, where) or where.agent_id == who.id)
    with_own, with_any = _ALLOWED[role]
    return action in with_any or (action in with_own and where.agent_id == who.id)


def _sees(role: str, who: Who, where: Where) -> bool:
    """Agencies are apart: nobody of one sees a customer of another, or one whose agency is not known."""
    if who.agency_code is not None:
        return _same_agency(who, where)
    if role in ("supervisore", "auditor"):
        return True
    return where.level == "pool" or where.agent_id == who.id


def _same_agency(who: Who, where: Where) -> bool:
    return who.agency_code is not None and who.agency_code == where.agency_code
