"""The privacy notice in force, and the append-only record of who has seen which exact text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

import yaml
from sqlalchemy import select

from areaclienti.crypto import new_id
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Acknowledgement, PrivacyNotice
from areaclienti.identity.errors import Refused
from areaclienti.identity.work import Work

_CURRENT = "informativa-2026-11.md"


@dataclass(frozen=True)
class Notice:
    """`text` is plain paragraphs and `## ` headings; `sha256` is of its UTF-8 bytes."""

    version: str
    sha256: str
    title: str
    text: str
    published_on: date


def load_notice(name: str = _CURRENT) -> Notice:
    """Reads a notice of this folder: a YAML head between `---` lines, then the text."""
    _, head, text = files(__package__).joinpath(name).read_text(encoding="utf-8").split("---\n", 2)
    fields = yaml.safe_load(head)
    text = text.strip()
    return Notice(
        version=str(fields["version"]),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        title=fields["title"],
        text=text,
        published_on=fields["published_on"],
    )


async def record(work: Work, notice: Notice) -> None:
    """Keeps the exact text. Raises `RuntimeError` if this version was published with another text."""
    if await insert_if_absent(work.session, PrivacyNotice, **vars(notice)):  # several processes may start together
        work.note("notice_published", f"version_{notice.version}")
        return
    stored = await work.session.scalar(select(PrivacyNotice.sha256).where(PrivacyNotice.version == notice.version))
    if stored != notice.sha256:
        raise RuntimeError("the text of a published privacy notice was changed: give it a new version")


async def acknowledge(
    work: Work, current: Notice, conversation_id: str, channel: str, version: str, sha256: str
) -> Acknowledgement:
    """Records that the conversation has seen the notice; the same again gives the first record (manual 5a)."""
    if (version, sha256) != (current.version, current.sha256):
        raise Refused(409, "notice_changed", "This is not the privacy notice in force.")
    await work.database.serialise(work.session, "acknowledgement", conversation_id)
    known = await work.session.scalar(
        select(Acknowledgement).where(
            Acknowledgement.conversation_id == conversation_id, Acknowledgement.sha256 == sha256
        )
    )
    if known is not None:
        return known
    acknowledgement = Acknowledgement(
        id=new_id("ack"),
        conversation_id=conversation_id,
        channel=channel,
        version=version,
        sha256=sha256,
        acknowledged_at=work.now,
    )
    work.session.add(acknowledgement)
    work.note("notice_acknowledged", f"version_{version}", acknowledgement.id, conversation_id)
    return acknowledgement
