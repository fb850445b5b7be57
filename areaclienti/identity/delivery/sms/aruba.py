"""Aruba SMS: its host and its message types (N high quality, with delivery states and sender; L low quality)."""

from __future__ import annotations

from typing import Final

from areaclienti.identity.delivery.sms.rest_v1 import RestV1

BASE_URL: Final = "https://smspanel.aruba.it/API/v1.0/REST"


def aruba(
    user_key: str,
    access_token: str,
    sender: str,
    path_token: str | None,
    message_type: str = "N",
    base_url: str | None = None,
) -> RestV1:
    return RestV1("aruba", base_url or BASE_URL, user_key, access_token, message_type, sender, path_token)
