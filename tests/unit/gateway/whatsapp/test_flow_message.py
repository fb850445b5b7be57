"""The message with a Flow's button is what pywa would send, and within Meta's limits."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.gateway.channels.whatsapp.message_types.flow import BODY, TITLE, flow
from areaclienti.gateway.channels.whatsapp.message_types.limits import OverLimit
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from tests.unit.gateway.whatsapp import limits
from tests.unit.gateway.whatsapp.oracle import Pywa

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=1100)


def test_it_is_what_pywa_sends() -> None:
    token = secrets.token_urlsafe(32)
    message = flow("Crea la tua password", "Crea la password", "1234567890", token)
    theirs = Pywa().same("393331234567", message, "7")
    assert {name: theirs[name] for name in ("type", "interactive")} == message
    assert token in str(theirs)


@given(texts, texts.map(lambda text: text[:25]))
def test_whatever_is_made_is_within_the_limits(body: str, title: str) -> None:
    try:
        message = flow(body, title, "1234567890", "t" * 43)
    except OverLimit:
        assert (
            not body.strip() or not title.strip() or max(limits.sizes(body)) > BODY or max(limits.sizes(title)) > TITLE
        )
    else:
        limits.check(message)


@pytest.mark.parametrize("purpose", ["password", "tax_code"])
def test_the_titles_of_our_buttons_fit_and_have_no_emoji(purpose: str) -> None:
    title = load_outbound_texts().secret_buttons[purpose]  # type: ignore[index]
    limits.check(flow("x", title, "1", "t"))
    assert title.isascii()
