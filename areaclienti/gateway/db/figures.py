"""Tables of the figures: how far each registration came, and the sums that stay when conversations are erased."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.gateway.db.models import Base, UtcDateTime


class Journey(Base):
    """The milestones of one conversation: how far its registration came, and when first. No name, no contact, no word.

    One row a conversation, not one a milestone: a page of figures reads them all, and has to be quick.
    """

    __tablename__ = "journeys"
    # All that is counted, in the order in which it is: a hundred thousand are read without touching their rows.
    __table_args__ = (
        Index(
            "journeys_counted", "day", "channel", "section_c", "customer_type", "started_at", "recognised_at",
            "code_at", "account_at", "step", "conversation_id",
        ),
    )  # fmt: skip

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    day: Mapped[date]  # on which the conversation began, by the clock on the wall
    channel: Mapped[str] = mapped_column(String(16))
    customer_type: Mapped[str | None] = mapped_column(String(16))  # persona, azienda; none until it was said
    section_c: Mapped[bool] = mapped_column(default=False)  # the data were not recognised at first (manual 1c)
    step: Mapped[str] = mapped_column(String(32))  # the last one of the registration that it waited at
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # persona or azienda was chosen (manual 2a, 2b)
    recognised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the data are those of a customer
    code_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a code went out (manual 6a, 4c)
    account_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the account is made (manual 7a)


class DailySum(Base):
    """How often something happened in the conversations of a day that were erased since. Leads to none of them."""

    __tablename__ = "daily_sums"

    day: Mapped[date] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    branch: Mapped[str] = mapped_column(String(16), primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(32), primary_key=True)  # empty: of no agency
    figure: Mapped[str] = mapped_column(
        String(24), primary_key=True
    )  # what was counted: areaclienti/gateway/figures.py
    bucket: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int]
