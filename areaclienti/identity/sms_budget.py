"""The day's budget of SMS, the breaker against SMS pumping: codes may use all of it, notices stop earlier."""

from __future__ import annotations

from areaclienti.identity import limits
from areaclienti.identity.work import Work
from areaclienti.logging import get_logger

_SENT = "sms_sent"
_NOT_SENT = "sms_decoy"  # written where nothing is sent, so that the same statements run
_OPENED = "sms_opened"
_ALL = "all"

log = get_logger()


async def seconds_until_code(work: Work) -> int | None:
    """None while a code may go out by SMS, else the seconds until one may."""
    return await _seconds_until(work, work.settings.sms_per_day, "codes_stopped")


async def seconds_until_notice(work: Work) -> int | None:
    """None while a notice may go out by SMS: as long as the notices' share of the budget is not used up."""
    share = int(work.settings.sms_per_day * work.settings.sms_notice_share)
    return await _seconds_until(work, share, "notices_stopped")


def count(work: Work, *, is_sent: bool = True) -> None:
    """Counts an SMS that this write puts in the outbox."""
    limits.count(work, _SENT if is_sent else _NOT_SENT, _ALL)


async def _seconds_until(work: Work, allowed: int, reason: str) -> int | None:
    wait = await limits.seconds_until_free(work, _SENT, _ALL, allowed, limits.DAY)
    if wait is not None and await limits.reserve(work, _OPENED, reason, 1) is None:
        work.note("sms_budget", reason)  # once a day, not for each message that is refused
        log.error("sms_budget_spent", reason=reason)
    return wait
