"""Passwords as Italians choose them, in families, and ways to offer one in a sentence; the same for the same seed."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import yaml

_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5"})
_SIGNS = ("!", "?", ".", "!!", "#", "*", "_", "-", "@", "$", "??", "%")
_YEARS = range(1940, 2027)


def passwords(seed: int, of_each: int) -> dict[str, list[str]]:
    """`of_each` different passwords of every family, fewer where a family has no more."""
    chance = random.Random(seed)
    return {name: _different(make, chance, of_each) for name, make in _FAMILIES.items()}


def _different(make: Callable[[random.Random], str], chance: random.Random, count: int) -> list[str]:
    found: dict[str, None] = {}
    for _ in range(count * 20):
        found[make(chance)] = None
        if len(found) == count:
            break
    return list(found)


@cache
def _lists() -> dict[str, list[str]]:
    text = (Path(__file__).parent / "data" / "passwords.yml").read_text(encoding="utf-8")
    lists: dict[str, list[object]] = yaml.safe_load(text)
    return {name: [str(item) for item in items] for name, items in lists.items()}


def _one(chance: random.Random, *names: str) -> str:
    return chance.choice([word for name in names for word in _lists()[name]])


def _cased(chance: random.Random, text: str) -> str:
    return chance.choice([text, text, text.capitalize(), text.title(), text.upper()])


def _number(chance: random.Random) -> str:
    year = chance.choice(_YEARS)
    return chance.choice([str(year), str(year)[2:], str(chance.randint(0, 9999)), "1", "123", "12", "007", "1234"])


def _sign(chance: random.Random) -> str:
    return chance.choice(("", "", *_SIGNS))


def _name_and_year(chance: random.Random) -> str:
    name = _cased(chance, _one(chance, "names", "surnames"))
    return name + chance.choice(("", "", ".", "_", "-")) + _number(chance) + _sign(chance)


def _two_names(chance: random.Random) -> str:
    between = chance.choice(("", "e", ".", "_", "-", "+", "&"))
    first, second = _one(chance, "names"), _one(chance, "names", "surnames")
    return _cased(chance, first) + between + _cased(chance, second) + chance.choice(("", _number(chance)))


def _lone_word(chance: random.Random) -> str:
    return _cased(chance, _one(chance, "words", "clubs_and_towns", "names", "surnames")) + _sign(chance)


def _word_and_number(chance: random.Random) -> str:
    word = _one(chance, "words", "clubs_and_towns")
    before = chance.choice(("", "", "forza", "viva", "ilmio", "super"))
    return before + _cased(chance, word) + _number(chance) + _sign(chance)


def _of_the_trade(chance: random.Random) -> str:
    """Words that the dialogue knows, dressed: with nothing but `?` or `!` behind them they are wishes."""
    dressed = chance.choice((_number(chance), "#", "*", "_", "@", "$", "%", "-1"))
    return _sign(chance) + _cased(chance, _one(chance, "trade")) + dressed + _sign(chance)


def _leet(chance: random.Random) -> str:
    text = "".join(_one(chance, "names", "words", "surnames") for _ in range(chance.randint(1, 2)))
    return _cased(chance, text.translate(_LEET)) + _sign(chance)


def _walk(chance: random.Random) -> str:
    return _cased(chance, _one(chance, "walks")) + chance.choice(("", _number(chance))) + _sign(chance)


def _date(chance: random.Random) -> str:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.choice(_YEARS)
    return f"{day:02}{month:02}{year}" if chance.random() < 0.5 else f"{day:02}/{month:02}/{year}"


def _random(chance: random.Random) -> str:
    letters = string.ascii_letters + string.digits + "!#$%&*+-.:?@_"
    return "".join(chance.choice(letters) for _ in range(chance.randint(6, 20)))


def _words(chance: random.Random) -> str:
    """A passphrase of words without a meaning together."""
    return " ".join(_one(chance, "words", "names") for _ in range(chance.randint(2, 6)))


def _dressed_words(chance: random.Random) -> str:
    words = [_cased(chance, _one(chance, "words", "names")) for _ in range(chance.randint(2, 5))]
    words.insert(chance.randrange(len(words) + 1), _number(chance))
    return chance.choice((" ", " ", "-", "_", ".")).join(words) + _sign(chance)


def _name_and_number_apart(chance: random.Random) -> str:
    parts = [_cased(chance, _one(chance, "names", "words")), _number(chance)]
    return " ".join(parts) + _sign(chance)


def _sentence(chance: random.Random) -> str:
    text = _one(chance, "sentences")
    return _varied(chance, text)


def _question(chance: random.Random) -> str:
    return _varied(chance, _one(chance, "questions") + chance.choice(("", "?", "?", "??")))


def _varied(chance: random.Random, text: str) -> str:
    words = text.split()
    if chance.random() < 0.4:
        words[chance.randrange(len(words))] = _one(chance, "words", "names")
    if chance.random() < 0.3:
        words.append(_number(chance))
    text = " ".join(words)
    return chance.choice((text, text, text.capitalize(), text.title(), text + "!", text.upper()))


def _run_together(chance: random.Random) -> str:
    text = _one(chance, "sentences", "questions").replace(" ", "")
    return _cased(chance, text) + chance.choice(("", _number(chance)))


def _offered(chance: random.Random) -> str:
    inner = chance.choice((_name_and_year, _word_and_number, _lone_word, _leet, _walk, _two_names, _words, _random))
    return _one(chance, "offered").format(inner(chance))


_FAMILIES: dict[str, Callable[[random.Random], str]] = {
    "name and year": _name_and_year,
    "two names": _two_names,
    "lone word": _lone_word,
    "word and number": _word_and_number,
    "word of the trade": _of_the_trade,
    "leet": _leet,
    "keyboard walk": _walk,
    "date": _date,
    "random": _random,
    "words": _words,
    "words, digits, signs": _dressed_words,
    "name and number apart": _name_and_number_apart,
    "sentence": _sentence,
    "question": _question,
    "sentence run together": _run_together,
    "offered in a sentence": _offered,
}


def all_of(families: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Family and password, one after the other."""
    for family, members in families.items():
        for password in members:
            yield family, password
