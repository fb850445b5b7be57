"""Contacts: what people type where the assistant asks for an e-mail address or a mobile number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.contacts import Contact, ContactRejected, parse_contact, suggest_email

MOBILE = st.from_regex(r"3[2-9][0-9]{8}", fullmatch=True)
LOCAL = st.from_regex(r"[a-z][a-z0-9]{0,8}([._+-][a-z0-9]{1,6})?", fullmatch=True)


@pytest.mark.parametrize(
    "typed",
    [
        "3331234567",
        "333 1234567",
        "333.123.45.67",
        "333-123-4567",
        "333/1234567",
        "+393331234567",
        "+39 333 1234567",
        "(+39) 333 1234567",
        "0039 333 1234567",
        "39 333 1234567",
        "393331234567",
        "３３３１２３４５６７",
        "333\u00a01234567",
        "\u202a+39 333 1234567\u202c",
        "tel. 3331234567",
        "tre tre tre uno due tre quattro cinque sei sette",
        "Tre tre tre 12 34 567",
        "il mio numero è 333 1234567, grazie",
    ],
)
def test_every_spelling_of_a_mobile_has_one_key(typed: str) -> None:
    assert parse_contact(typed) == Contact("mobile", "+393331234567", "+393331234567", "+39 333 1234567")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("mario.rossi@example.com", "mario.rossi@example.com"),
        ("Mario.Rossi@EXAMPLE.com", "Mario.Rossi@example.com"),
        ("mario.rossi @ example.com", "mario.rossi@example.com"),
        ("mario.rossi@example.com.", "mario.rossi@example.com"),
        ("mailto:mario.rossi@example.com", "mario.rossi@example.com"),
        ("la mia mail è <mario.rossi@example.com>, grazie", "mario.rossi@example.com"),
        ("mario.rossi+casa@example.com", "mario.rossi+casa@example.com"),
        ("mario punto rossi chiocciola example punto com", "mario.rossi@example.com"),
        ("la mia mail è mario.rossi (at) example.com", "mario.rossi@example.com"),
        ("mario trattino basso rossi Chiocciola example.com", "mario_rossi@example.com"),
        ("punto@example.com", "punto@example.com"),
    ],
)
def test_an_address_is_read_out_of_what_surrounds_it(typed: str, value: str) -> None:
    contact = parse_contact(typed)
    assert (contact.kind, contact.value, contact.key) == ("email", value, value.casefold())


def test_an_international_domain_has_the_key_of_its_ascii_form() -> None:
    assert parse_contact("anna@città.example").key == parse_contact("anna@xn--citt-3na.example").key


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("ciao", "not_a_contact"),
        ("333", "not_a_contact"),
        ("a" * 501, "not_a_contact"),
        ("mario@", "email_invalid"),
        ("mario@example", "email_invalid"),
        ("mario@@example.com", "email_invalid"),
        ("mario@example.com o anna@example.com", "email_invalid"),
        ("marìo@example.com", "email_invalid"),
        ("mаrio@example.com", "email_invalid"),  # Cyrillic
        ("l333I234567", "mobile_invalid"),
        ("333 O23 4567", "mobile_invalid"),
        ("333123456O", "mobile_invalid"),
        ("333123456 O", "mobile_invalid"),
        ("39 33123456", "mobile_invalid"),
        ("333 123456789", "mobile_invalid"),
        ("33312345", "mobile_invalid"),
        ("+39+3331234567", "mobile_invalid"),
        ("3331234567 oppure 3401234567", "mobile_invalid"),
        ("3331234567 int. 3", "mobile_invalid"),
        ("tre tre tre uno due", "mobile_invalid"),
        ("ho due numeri", "not_a_contact"),
        ("٣٣٣١٢٣٤٥٦٧", "mobile_invalid"),
        ("800 123456", "mobile_invalid"),
        ("+44 7911 123456", "mobile_foreign"),
        ("0044 7911 123456", "mobile_foreign"),
        ("+378 66661212", "mobile_foreign"),
        ("06 12345678", "landline"),
        ("+39 06 12345678", "landline"),
        ("02.12345678", "landline"),
    ],
)
def test_what_cannot_be_a_username_is_rejected_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(ContactRejected) as rejected:
        parse_contact(typed)
    assert rejected.value.reason == reason
    assert str(rejected.value) == reason
    assert rejected.value.__cause__ is None


@pytest.mark.parametrize(
    ("address", "suggestion"),
    [
        ("anna@gmial.com", "anna@gmail.com"),
        ("anna@gmail.con", "anna@gmail.com"),
        ("anna@gmail.it", "anna@gmail.com"),
        ("anna@gmail", "anna@gmail.com"),
        ("anna@libero.com", "anna@libero.it"),
        ("anna@hotmial.it", "anna@hotmail.it"),
        ("anna@ilbero.it", "anna@libero.it"),
        ("anna@gmail.com", None),
        ("anna@tim.it", None),
        ("anna@tin.it", None),
        ("anna@azienda.it", None),
        ("anna@mail.azienda.it", None),
        ("anna", None),
        ("@gmial.com", None),
        ("", None),
    ],
)
def test_a_likely_slip_in_the_mail_domain_gets_a_suggestion(address: str, suggestion: str | None) -> None:
    assert suggest_email(address) == suggestion


@given(st.text(max_size=100) | st.text("0123456789+ ().-/olIO@.", max_size=40))
def test_no_text_breaks_the_parser_and_what_it_reads_it_reads_again(text: str) -> None:
    suggest_email(text)
    try:
        contact = parse_contact(text)
    except ContactRejected:
        return
    again = parse_contact(contact.value)
    assert (again.kind, again.value, again.key) == (contact.kind, contact.value, contact.key)
    assert parse_contact(contact.display).key == contact.key


@given(
    MOBILE,
    st.lists(st.sampled_from(["", " ", ".", "-", "\u00a0"]), min_size=9, max_size=9),
    st.sampled_from(["", "+39", "0039 ", "39"]),
)
def test_separators_and_prefix_never_change_the_number(digits: str, gaps: list[str], prefix: str) -> None:
    typed = prefix + digits[0] + "".join(gap + digit for gap, digit in zip(gaps, digits[1:], strict=True))
    try:
        contact = parse_contact(typed)
    except ContactRejected as rejected:
        # `39` alone may begin a mobile number: refused rather than guessed; unassigned ranges are no numbers.
        assert rejected.reason == "mobile_invalid"
        return
    assert contact.key == f"+39{digits}"


@given(MOBILE, st.integers(0, 9), st.sampled_from("oOlIi"))
def test_a_letter_in_place_of_a_digit_never_reaches_another_number(digits: str, place: int, letter: str) -> None:
    with pytest.raises(ContactRejected):
        parse_contact(digits[:place] + letter + digits[place + 1 :])


@given(LOCAL, st.sampled_from(["example.com", "posta.example", "Example.IT"]))
def test_case_never_changes_an_address_key(local: str, domain: str) -> None:
    assert parse_contact(f"{local}@{domain}").key == parse_contact(f"{local.upper()}@{domain.upper()}").key


@given(LOCAL, LOCAL)
def test_different_addresses_have_different_keys(one: str, other: str) -> None:
    keys = {parse_contact(f"{local}@example.com").key for local in (one, other)}
    assert len(keys) == len({one, other})
