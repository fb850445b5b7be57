"""Keeps to what Meta takes from one number, and from it to one person, before Meta has to say so."""

from __future__ import annotations

from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.limits import Buckets, Rate

# https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
_OF_NUMBER = Rate(burst=40, per_second=80)
# https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform#pair-rate-limits
_TO_PERSON = Rate(burst=45, per_second=1 / 6)


class Pace:
    """In this process; what several gateways send together is told by Meta's errors."""

    def __init__(self) -> None:
        self._number = Buckets(_OF_NUMBER)
        self._people = Buckets(_TO_PERSON)

    def wait_for(self, user_id: str) -> float:
        """Seconds before the next message to this person may be sent; 0 counts it as sent."""
        try:
            self._people.take(user_id)
            self._number.take("")
        except ApiError as slow:
            return float(slow.fields["retry_after_seconds"])
        return 0.0
