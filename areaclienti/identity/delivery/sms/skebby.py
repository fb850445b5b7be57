"""Skebby: its host and its message types (GP "classic+", with delivery states; TI "classic"; SI "basic")."""

from __future__ import annotations

from typing import Final

from areaclienti.identity.delivery.sms.rest_v1 import RestV1

BASE_URL: Final = "https://api.skebby.it/API/v1.0/REST"


def skebby(
    user_key: str,
    access_token: str,
    sender: str,
    path_token: str | None,
    message_type: str = "GP",
    base_url: str | None = None,
) -> RestV1:
    return RestV1("skebby", base_url or BASE_URL, user_key, access_token, message_type, sender, path_token)
