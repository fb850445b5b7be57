"""How a value may stand in bytes: its spellings, and each of them plain, escaped, percent-encoded, base64 or hex."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator, Set
from typing import Literal
from urllib.parse import quote, quote_plus

Kind = Literal["password", "code", "tax_code", "phone", "email", "name"]
KINDS: tuple[Kind, ...] = ("password", "code", "tax_code", "phone", "email", "name")
CASELESS: Set[Kind] = {"tax_code", "email", "name"}

_SEPARATORS = (" ", "-", ".", "/", "\u00a0")
# As printed on the card (surname, name, birth, place), in fours, in threes, by what each part means.
_TAX_CODE_GROUPS = (
    (3, 3, 5, 5),
    (4, 4, 4, 4),
    (3, 3, 3, 3, 4),
    (3, 3, 2, 1, 2, 4, 1),
    (6, 5, 5),
    (3, 4, 4),
    (3, 3, 3, 2),
)
_CODE_GROUPS = ((3, 3), (2, 2, 2), (1, 1, 1, 1, 1, 1))
_PHONE_GROUPS = ((3, 7), (3, 3, 4), (3, 4, 3), (3, 3, 2, 2), (3, 2, 2, 3), (3, 1, 3, 3), (2, 2, 2, 2, 2))
_DICTATED = {".": " punto ", "@": " chiocciola ", "-": " trattino ", "_": " trattino basso "}
_SHORTEST = 6  # bytes of a pattern: a shorter one stands everywhere by chance


def spellings(kind: Kind, value: str) -> Set[str]:
    """The value as people and programs write it: with separators, in groups, dictated."""
    if kind == "phone":
        national = value.removeprefix("+39")
        return {national} | set(_grouped(national, _PHONE_GROUPS))  # a prefix before it changes nothing
    if kind == "tax_code":
        return {value} | set(_grouped(value, _TAX_CODE_GROUPS))
    if kind == "code":
        return {value} | set(_grouped(value, _CODE_GROUPS))
    if kind == "email":
        return {value, " ".join("".join(_DICTATED.get(char, char) for char in value).split())}
    return {value}


def encodings(text: str) -> Iterator[tuple[str, bytes]]:
    """(encoding, bytes) of a text, each once. Where letters' case may differ (hex), it is given in lower case."""
    seen: set[bytes] = set()
    for name, pattern in _encodings(text):
        if pattern not in seen and len(pattern) >= _SHORTEST:
            seen.add(pattern)
            yield name, pattern


def _encodings(text: str) -> Iterator[tuple[str, bytes]]:
    plain = text.encode()
    yield "plain", plain
    for name in ("utf-16-le", "utf-16-be"):
        yield "utf-16", text.encode(name)
    once = quote(text, safe="")
    yield from (("url", each.encode()) for each in (once, quote(text), quote_plus(text)))
    yield "url twice", quote(once, safe="").encode()
    yield "url", "".join(f"%{byte:02x}" for byte in plain).encode()
    escaped = json.dumps(text)[1:-1]
    yield from (("json", each.encode()) for each in (escaped, escaped.replace("/", "\\/"), _json_spoken(text)))
    yield "json in json", json.dumps(escaped)[1:-1].encode()
    yield "json", "".join(f"\\u{ord(char):04x}" for char in text).encode()
    escaped = html.escape(text)
    markupsafe = escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")  # Jinja's
    for each in (escaped, html.escape(text, quote=False), escaped.replace("&#x27;", "&#39;"), markupsafe):
        yield "html", each.encode()
    for form in ("&#{};", "&#x{:x};"):
        yield "html", "".join(form.format(ord(char)) for char in text).encode()
        yield "html", "".join(char if char.isalnum() else form.format(ord(char)) for char in text).encode()
    for raw in (plain, text.encode("utf-16-le")):
        yield from (("base64", each) for each in _base64(raw))
    yield "hex", plain.hex().encode()
    yield "hex", plain.hex(" ").encode()
    yield "hex", "".join(f"\\x{byte:02x}" for byte in plain).encode()


def _json_spoken(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _base64(raw: bytes) -> Iterator[bytes]:
    """What is the same whatever stands before and after: the value begins at one of three offsets in a triple."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        first = -(-offset * 8 // 6)  # the first character without a bit of what stands before
        last = (offset + len(raw)) * 8 // 6
        kept = encoded[first:last]
        yield kept
        yield kept.translate(bytes.maketrans(b"+/", b"-_"))


def _grouped(value: str, groupings: Iterable[tuple[int, ...]]) -> Iterator[str]:
    for lengths in groupings:
        if sum(lengths) != len(value):
            continue
        parts, rest = [], value
        for length in lengths:
            parts.append(rest[:length])
            rest = rest[length:]
        yield from (separator.join(parts) for separator in _SEPARATORS)
