"""The password rule of the manual (5a, 5b), and what is tried first: common passwords, one's own name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import permutations
from pathlib import Path

from areaclienti.domain.text import fold
from areaclienti.domain.wordlists import word_set

MIN_LENGTH = 8
MAX_LENGTH = 128
# In the order in which the manual's screen lists them; the last three are ours (docs/contracts.md).
RULES = ("min_length", "uppercase", "lowercase", "digit", "too_long", "too_common", "too_personal")

_LOOKALIKES = str.maketrans("0134578@$!€", "oieastbasie")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_NO_LETTER = re.compile(r"[\W\d_]")
_NO_DIGIT = re.compile(r"[^0-9]")
_WORD = re.compile(r"[^\W_]+")
_FEWEST_DISTINCT = 4
_FEW_LETTERS = 3  # `12345678Aa` is still a run of digits
_SHORTEST_PERSONAL = 3
_MOST_NAME_PARTS = 4


def failed_rules(password: str, personal: frozenset[str] = frozenset()) -> list[str]:
    """The rules that `password` breaks, in the order of RULES; empty when it is good. Lengths are in characters.

    `personal` is what `personal_words` gives for its owner; without it `too_personal` is never broken.
    """
    broken = composition_faults(password)
    if not {"min_length", "too_long"} & set(broken):
        if _too_common(password):
            broken.append("too_common")
        if not personal.isdisjoint(traces(password)):
            broken.append("too_personal")
    return broken


def composition_faults(password: str) -> list[str]:
    """The rules of length and composition alone that `password` breaks (manual 5a)."""
    broken = {
        "min_length": len(password) < MIN_LENGTH,
        "uppercase": not any(char.isupper() for char in password),
        "lowercase": not any(char.islower() for char in password),
        "digit": not any(char in "0123456789" for char in password),
        "too_long": len(password) > MAX_LENGTH,
    }
    return [rule for rule in RULES if broken.get(rule)]


def traces(password: str) -> frozenset[str]:
    """What is recognised of a password whatever its case, with or without the digits and signs around it or in place
    of letters; said twice, also the half. Compared with lists of words by equality, never by containing.
    """
    plain = fold(password)
    readings = {plain, plain.translate(_LOOKALIKES)}
    bases = {_EDGES.sub("", reading) for reading in readings} | {_EDGES.sub("", plain).translate(_LOOKALIKES)}
    whole = readings | bases | {_NO_LETTER.sub("", plain), _NO_DIGIT.sub("", plain)}
    return frozenset(filter(None, whole | {half for text in whole if (half := _half(text))}))


def personal_words(names: Iterable[str], contacts: Iterable[str]) -> frozenset[str]:
    """The traces of passwords made of one's own names (`["Mario", "Rossi"]`, a company's) and contacts (an e-mail
    address, `+393331234567`): each word, names joined in any order, the address before the @, the number.
    """
    parts = list(dict.fromkeys(word for name in names for word in _WORD.findall(fold(name))))[:_MOST_NAME_PARTS]
    joined = {"".join(some) for size in range(1, len(parts) + 1) for some in permutations(parts, size)}
    found = set(joined)
    for contact in contacts:
        if "@" in contact:
            local = fold(contact.rpartition("@")[0])
            found |= {local, _EDGES.sub("", local), _NO_LETTER.sub("", local), *_WORD.findall(local)}
        else:
            number = _NO_DIGIT.sub("", contact)
            found |= {number, number.removeprefix("39")}
    return frozenset(word for word in found if len(word) >= _SHORTEST_PERSONAL)


def _half(text: str) -> str | None:
    """`mariomario`, `ciaociao`: a word said twice."""
    half, odd = divmod(len(text), 2)
    return text[:half] if not odd and half > 2 and text[:half] == text[half:] else None


def _too_common(password: str) -> bool:
    plain = fold(password)
    if len(set(plain)) < _FEWEST_DISTINCT:
        return True
    few_letters = len(_NO_LETTER.sub("", plain)) <= _FEW_LETTERS
    # A run of digits is common by itself only where few letters are added: `12345678Aa`, not `Girasole12345`.
    return any(trace in _common() for trace in traces(password) if few_letters or not trace.isdigit())


@cache
def _common() -> frozenset[str]:
    """The most used passwords of the world, what Italians choose, and Italian given names."""
    own = (fold(word) for name in ("common_passwords", "given_names") for word in word_set(name))
    return frozenset(own) | frozenset(fold(word) for word in _most_used())


def _most_used() -> list[str]:
    """zxcvbn's 30,000 passwords, the most used first. Only its list is read: the package would load much more."""
    package = find_spec("zxcvbn")
    assert package is not None and package.submodule_search_locations is not None
    place = Path(next(iter(package.submodule_search_locations))) / "frequency_lists.py"
    found = spec_from_file_location("zxcvbn_frequency_lists", place)
    assert found is not None and found.loader is not None
    lists = module_from_spec(found)
    found.loader.exec_module(lists)
    passwords: list[str] = lists.FREQUENCY_LISTS["passwords"]
    return passwords
