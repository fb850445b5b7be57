"""Finds planted values in bytes, in whatever encoding, also inside gzip, zlib and base64 that stand anywhere."""

from __future__ import annotations

import base64
import re
import zlib
from bisect import bisect
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ahocorasick_rs import BytesAhoCorasick

from benchmarks.canary.encodings import CASELESS, Kind, encodings, spellings

_DEEPEST = 3  # a member in a member in a member
_LARGEST = 64 * 1024 * 1024  # bytes that one member may unpack to
_SMALLEST = 6  # bytes; less holds no value
_MEMBER = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_FED_FIRST, _FED = 16, 4096  # bytes at a time: a member that is damaged further on still gives what stands before
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_ESCAPE_BEFORE = re.compile(rb"(?:%|\\x|\\u[0-9A-Fa-f]{2})[0-9A-Fa-f]{2}$")  # %20482913
_ESCAPED = ("url", "url twice", "html", "json")  # %2F and %2f, &#X40; and &#x40;, \u002F and \u002f
_DIGITS = ("plain", "utf-16")
_WORD = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
_LONGEST_WORD = 16


@dataclass(frozen=True)
class Canary:
    """A value that stands nowhere else: its kind, whose it is, and on which way it goes through the product.

    `typed` is false for what is only on file and so never comes from the customer; `said` tells how he wrote it.
    """

    kind: Kind
    value: str = field(repr=False)
    owner: str
    typed: bool = True
    said: str = ""


@dataclass(frozen=True)
class Hit:
    """A canary found: where its bytes begin, how they were written, and in what they were packed."""

    canary: Canary
    offset: int
    encoding: str


class Scanner:
    """Looks for many values at once; its speed does not depend on how many."""

    def __init__(self, canaries: Collection[Canary]) -> None:
        exact: dict[bytes, list[tuple[Canary, str]]] = {}
        caseless: dict[bytes, list[tuple[Canary, str]]] = {}
        for canary in canaries:
            for encoding, pattern in _patterns(canary):
                exact.setdefault(pattern, []).append((canary, encoding))
                is_escaped = encoding == "hex" or (encoding in _ESCAPED and not pattern.isalnum())
                if is_escaped or (canary.kind in CASELESS and encoding != "base64"):
                    caseless.setdefault(pattern.lower(), []).append((canary, encoding))
        self._exact, self._caseless = _Automaton(exact), _Automaton(caseless)

    def scan(self, data: bytes) -> list[Hit]:
        """Every canary in the bytes, each place once for each canary."""
        return list(self._scan(data, "", 0))

    def _scan(self, data: bytes, packed: str, depth: int) -> Iterator[Hit]:
        found: dict[tuple[Canary, int], str] = {}
        for automaton, haystack in ((self._exact, data), (self._caseless, data.lower())):
            for canary, encoding, start, end in automaton.find(haystack):
                if canary.kind != "code" or encoding not in _DIGITS or stands_alone(data, start, end, encoding):
                    found.setdefault((canary, start), encoding)
        for (canary, start), encoding in found.items():
            yield Hit(canary, start, packed + encoding)
        if depth < _DEEPEST:
            for start, kind, inner in _members(data):
                for hit in self._scan(inner, f"{packed}{kind}: ", depth + 1):
                    yield Hit(hit.canary, start, hit.encoding)
            for inner, places in _decoded(data):
                for hit in self._scan(inner, f"{packed}base64: ", depth + 1):
                    yield Hit(hit.canary, places[bisect(places, (hit.offset, len(data))) - 1][1], hit.encoding)


def _patterns(canary: Canary) -> Iterator[tuple[str, bytes]]:
    for text in spellings(canary.kind, canary.value):
        for variant in {text, text.lower(), text.upper()} if canary.kind in CASELESS else {text}:
            yield from encodings(variant)


class _Automaton:
    def __init__(self, patterns: dict[bytes, list[tuple[Canary, str]]]) -> None:
        self._meanings = list(patterns.values())
        self._search = BytesAhoCorasick(list(patterns)) if patterns else None

    def find(self, data: bytes) -> Iterator[tuple[Canary, str, int, int]]:
        if self._search is None:
            return
        for number, start, end in self._search.find_matches_as_indexes(data, overlapping=True):
            for canary, encoding in self._meanings[number]:
                yield canary, encoding, start, end


def stands_alone(data: bytes, start: int, end: int, encoding: str = "plain") -> bool:
    """Whether six digits at this place can be a code, and not a part of a number, of a moment or of a random id.

    One id of 32 hexadecimal digits in eight has six digits in a row; with some ten codes and a megabyte of ids a run
    would find one by chance each time.
    """
    before, after = data[max(start - 64, 0) : start], data[end : end + 64]
    if encoding == "utf-16":
        before, after = before.replace(b"\0", b""), after.replace(b"\0", b"")
    if after[:1].isdigit():
        return False
    if _ESCAPE_BEFORE.search(before):
        return True
    if before[-1:].isdigit():
        return False
    if before[-1:] == b"." and before[-2:-1].isdigit():  # 09:21:53.123456
        return False
    word_before = len(before) - len(before.rstrip(_WORD))
    word_after = len(after) - len(after.lstrip(_WORD))
    is_inside_word = word_before > 0 and word_after > 0
    return not (is_inside_word and word_before + word_after + end - start >= _LONGEST_WORD)


def _members(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    """(where, kind, content) of what can be unpacked. A member that is cut off counts as far as it goes."""
    end_of_last = 0
    for found in _MEMBER.finditer(data):
        start = found.start()
        if start < end_of_last:
            continue
        kind, bits = ("gzip", 31) if data[start] == 0x1F else ("zlib", 15)
        unpacking = zlib.decompressobj(bits)
        parts, size, at = [], 0, start
        try:
            while at < len(data) and size < _LARGEST and not unpacking.eof:
                fed = _FED_FIRST if at - start < _FED else _FED
                part = unpacking.decompress(data[at : at + fed], _LARGEST - size)
                at += fed
                parts.append(part)
                size += len(part)
        except zlib.error:
            pass  # what came before the fault counts
        if size < _SMALLEST:
            continue
        if unpacking.eof:
            end_of_last = min(at, len(data)) - len(unpacking.unused_data)
        yield start, kind, b"".join(parts)


def _decoded(data: bytes) -> Iterator[tuple[bytes, list[tuple[int, int]]]]:
    """All that may be base64, decoded as if it began at each of four characters; with (offset there, offset here).

    The patterns of base64 find what is written as planted; this finds other cases of letters, and what is packed in it.
    """
    runs = [(found.start(), found[0].translate(_TO_STANDARD)) for found in _BASE64.finditer(data)]
    for skipped in range(4):
        decoded, places = bytearray(), []
        for start, run in runs:
            whole = run[skipped:]
            places.append((len(decoded), start))
            decoded += base64.b64decode(whole[: len(whole) // 4 * 4] + _completed(whole[len(whole) // 4 * 4 :])) + b"\0"
        if decoded:
            yield bytes(decoded), places


def _completed(rest: bytes) -> bytes:
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""
