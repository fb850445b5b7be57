"""The made-up business account that the simulator answers for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

ACCOUNT_ID: Final = "100200300400500"
NAME: Final = "Area Clienti"


@dataclass(frozen=True, slots=True)
class Business:
    """`number` is shown, `phone_number_id` is what Graph knows it by."""

    number: str
    phone_number_id: str

    def change(self, content: dict[str, Any]) -> dict[str, Any]:
        """A webhook's `change`, around its messages, statuses or contacts."""
        value = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": "".join(digit for digit in self.number if digit.isdigit()),
                "phone_number_id": self.phone_number_id,
            },
            **content,
        }
        return {"value": value, "field": "messages"}


def notification(changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of a webhook."""
    return {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT_ID, "changes": changes}]}
