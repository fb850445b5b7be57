"""The scanner finds a planted value in every encoding it claims, wherever it stands, and no value that is not there."""

from __future__ import annotations

import base64
import gzip
import html
import json
import sqlite3
import string
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.canary.encodings import Kind
from benchmarks.canary.scan import Canary, Scanner

PASSWORD = 'Fen"icottero/<Rosa>+&9%è'
VALUES: dict[Kind, str] = {
    "password": PASSWORD,
    "code": "482913",
    "tax_code": "ZRBMRA83T12H501X",
    "phone": "+393334812905",
    "email": "mario.zarbotelli+casa@posta.example",
    "name": "Zarbotelli",
}
ENCODERS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "url": lambda text: quote(text, safe="").encode(),
    "url as a path": lambda text: quote(text).encode(),
    "url as a form": lambda text: quote_plus(text).encode(),
    "url with small digits": lambda text: "".join(
        char if char.isalnum() and char.isascii() else quote(char, safe="").lower() for char in text
    ).encode(),
    "url twice": lambda text: quote(quote(text, safe=""), safe="").encode(),
    "url, every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "json": lambda text: json.dumps(text).encode(),
    "json with its own letters": lambda text: json.dumps(text, ensure_ascii=False).encode(),
    "json with slashes escaped": lambda text: json.dumps(text).replace("/", "\\/").encode(),
    "json in json": lambda text: json.dumps(json.dumps({"text": text})).encode(),
    "json, every character": lambda text: "".join(f"\\u{ord(char):04X}" for char in text).encode(),
    "html": lambda text: html.escape(text).encode(),
    "html without quotes": lambda text: html.escape(text, quote=False).encode(),
    "html as jinja": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;").encode(),
    "html, every character": lambda text: "".join(f"&#{ord(char)};" for char in text).encode(),
    "html, every character, hex": lambda text: "".join(f"&#X{ord(char):X};" for char in text).encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "hex in capitals": lambda text: text.encode().hex().upper().encode(),
    "hex with blanks": lambda text: text.encode().hex(" ").encode(),
    "bytes as Python shows them": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()).encode(),
    "gzip": lambda text: gzip.compress(b"some words before " + text.encode() + b" and after"),
    "zlib": lambda text: zlib.compress(b"some words before " + text.encode() + b" and after"),
    "zlib, weakest": lambda text: zlib.compress(b"some words before " + text.encode() + b" and after", 1),
    "json in gzip": lambda text: gzip.compress(json.dumps({"text": text, "more": "of it"}).encode()),
    "gzip in gzip": lambda text: gzip.compress(b"outside, then " + gzip.compress(b"inside: " + text.encode())),
    "gzip cut off": lambda text: gzip.compress(text.encode() + b" " + string.ascii_letters.encode() * 50)[:-12],
}
SPELLINGS: tuple[tuple[Kind, str, str], ...] = (
    ("tax_code", VALUES["tax_code"], "zrbmra83t12h501x"),
    ("tax_code", VALUES["tax_code"], "Zrbmra83t12h501x"),
    ("tax_code", VALUES["tax_code"], "ZRB MRA 83T12 H501X"),
    ("tax_code", VALUES["tax_code"], "zrb-mra-83t12-h501x"),
    ("tax_code", "12345670585", "123 4567 0585"),
    ("tax_code", "12345670585", "IT12345670585"),
    ("phone", VALUES["phone"], "3334812905"),
    ("phone", VALUES["phone"], "+39 333 4812905"),
    ("phone", VALUES["phone"], "0039333.481.2905"),
    ("phone", VALUES["phone"], "333 48 12 905"),
    ("phone", VALUES["phone"], "+39-333-481-29-05"),
    ("code", VALUES["code"], "482 913"),
    ("code", VALUES["code"], "48-29-13"),
    ("code", VALUES["code"], "4 8 2 9 1 3"),
    ("email", VALUES["email"], "Mario.Zarbotelli+Casa@POSTA.example"),
    ("email", VALUES["email"], "mario punto zarbotelli+casa chiocciola posta punto example"),
    ("name", VALUES["name"], "ZARBOTELLI"),
)


def found(kind: Kind, value: str, data: bytes) -> list[str]:
    return [hit.encoding for hit in Scanner([Canary(kind, value, "test")]).scan(data)]


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_found_in_every_encoding(kind: Kind, encoder: str) -> None:
    planted = ENCODERS[encoder](VALUES[kind])
    assert found(kind, VALUES[kind], b"before it: \x00\xff" + planted + b"\x00 after it")


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("urlsafe", [False, True])
def test_a_value_is_found_in_base64_whatever_stands_before_it(kind: Kind, before: int, urlsafe: bool) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    planted = encode(b"x" * before + VALUES[kind].encode() + b" and more")
    assert "base64" in found(kind, VALUES[kind], b'{"body": "' + planted + b'"}')


@pytest.mark.parametrize(("kind", "value", "written"), SPELLINGS)
def test_a_value_is_found_as_people_write_it(kind: Kind, value: str, written: str) -> None:
    assert found(kind, value, f'{{"text": "ecco: {written} grazie"}}'.encode())
    assert found(kind, value, quote(f"ecco: {written} grazie").encode())
    assert found(kind, value, base64.b64encode(f"ecco: {written} grazie".encode()))


def test_a_hit_says_where_and_how() -> None:
    data = b"0123456789" + VALUES["email"].encode()
    (hit,) = Scanner([Canary("email", VALUES["email"], "test")]).scan(data)
    assert (hit.offset, hit.encoding) == (10, "plain")
    packed = b"junk" + gzip.compress(VALUES["email"].encode() * 3)
    hits = Scanner([Canary("email", VALUES["email"], "test")]).scan(packed)
    assert {(hit.offset, hit.encoding) for hit in hits} == {(4, "gzip: plain")}


def test_a_deleted_row_of_an_insecure_database_is_found(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("CREATE TABLE notes (text)")
    connection.executemany("INSERT INTO notes VALUES (?)", [(f"nota {number}",) for number in range(9)])
    connection.execute("INSERT INTO notes VALUES (?)", (f"la password è {PASSWORD}",))
    connection.commit()
    connection.execute("DELETE FROM notes")
    connection.commit()
    connection.close()
    assert found("password", PASSWORD, (tmp_path / "x.db").read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 09:21:53.482913",
        "1482913",
        "4829130",
        "vlt_a482913bcdefghijkl",
        "f3a482913bc94e0f9a482913d0c1b2a3",
        "conversation 0f3a-482913-bc94e0f9a4",
    ],
)
def test_digits_of_a_number_a_moment_or_an_id_are_no_code(text: str) -> None:
    assert not found("code", "482913", text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "Il tuo codice è 482913.",
        '{"code": "482913"}',
        '{"code":482913}',
        "code=482913&x=1",
        "otp482913",
        "/api/codes/482913/",
        "482913",
        "\x00\x17482913registration",
    ],
)
def test_a_code_is_found_wherever_it_stands_as_one(text: str) -> None:
    assert found("code", "482913", text.encode())


# Alphabets without what the planted value could be taken apart by: the encoders above show each escape.
_words = st.text(alphabet=string.ascii_letters + string.digits + "#!?*$~;:,àèìòù", min_size=10, max_size=40)


@given(
    value=_words, before=st.binary(max_size=40), after=st.binary(max_size=40), encoder=st.sampled_from(sorted(ENCODERS))
)
@example(value="àààààààààà", before=b"", after=b"", encoder="json")
def test_any_value_is_found_between_any_bytes(value: str, before: bytes, after: bytes, encoder: str) -> None:
    assert found("password", value, before + ENCODERS[encoder](value) + after)


@given(value=_words, before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_any_value_is_found_in_base64_between_any_bytes(value: str, before: bytes, after: bytes) -> None:
    assert found("password", value, base64.b64encode(before + value.encode() + after))
    assert found("password", value, base64.urlsafe_b64encode(before + value.encode() + after))


@given(noise=st.binary(max_size=2_000))
def test_nothing_is_found_in_noise(noise: bytes) -> None:
    scanner = Scanner([Canary(kind, value, "test") for kind, value in VALUES.items()])
    assert scanner.scan(noise) == []
