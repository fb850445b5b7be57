"""What is known of single words: lists of names, trades, legal forms, titles, particles and other languages' words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from engine.nlu.normal import word

_FORMS = (
    "srl s.r.l s.r.l. srls spa s.p.a s.p.a. snc s.n.c s.n.c. sas s.a.s s.a.s. coop onlus asd ssd gmbh ltd scarl scrl "
    "s.c.a.r.l aps odv"
)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST_SLIP = 4  # letters: every shorter word is near some name


class Lexicon:
    """Lists of words by name (`given`, `family`, `trade`, `form`, `place`, `title`, `particle`, `foreign_en`, …)."""

    def __init__(self, lists: Mapping[str, frozenset[str]]) -> None:
        self._lists = dict(lists)
        self._classes: dict[str, tuple[str, ...]] = {}
        for name, listed in sorted(self._lists.items()):
            for one in listed:
                self._classes[one] = (*self._classes.get(one, ()), name)

    @classmethod
    def read(cls, folder: Path) -> Lexicon:
        """From the files that the training data are composed of (data/nlu/lexicon)."""
        company = _sections(folder / "company_words.txt")
        marks = _sections(folder / "marks.txt")
        more = {
            title: ", ".join(line.rstrip(",") for line in lines).split(", ")
            for title, lines in _sections(folder / "more_names.txt").items()
        }
        family = _lines(folder / "family_names.txt") + more["family"]
        lists = {
            "given": _words(_lines(folder / "given_names.txt") + more["given"], shortest=2),
            "family": _words(family, shortest=3) | _words([name for name in family if " " not in name], shortest=2),
            "trade": _words(company["sector"] + company["activity"], shortest=4),
            "place": _words(company["place"], shortest=5),
            "form": _words(_FORMS.split(), shortest=2),
            "title": _words(marks["title"], shortest=2),
            "particle": _words(marks["particle"], shortest=2),
        }
        for language, words in _sections(folder / "foreign_words.txt").items():
            lists[f"foreign_{language}"] = _words(" ".join(words).split(), shortest=2)
        return cls(lists)

    @classmethod
    def read_wide(cls, folder: Path) -> Lexicon:
        """The same with more trades, with `town`, and `common` given names: for who knows that a name was asked for."""
        lists = cls.read(folder)._lists
        more = _sections(folder / "more_companies.txt")
        towns = [name for name in _entries(folder / "towns.txt") if " " not in name]
        lists["trade"] |= _words(more["sector"], shortest=4)
        common = _words(_lines(folder / "given_names.txt"), shortest=4)
        return cls(lists | {"town": _words(towns, shortest=3), "common": common})

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """From a file that `save` wrote."""
        return cls({name: frozenset(words) for name, words in json.loads(path.read_text("utf-8")).items()})

    def save(self, path: Path) -> None:
        """Write all lists into one file."""
        lists = {name: sorted(listed) for name, listed in self._lists.items()}
        path.write_text(json.dumps(lists, ensure_ascii=False), "utf-8")

    def listed(self, name: str) -> frozenset[str]:
        """The words of a list."""
        return self._lists[name]

    def is_near_a_given_name(self, folded: str) -> bool:
        """Whether it is one slip of the finger away from a given name that is common in Italy (`giusepe`, `lugi`)."""
        if len(folded) < _SHORTEST_SLIP or not folded.isalpha():
            return False
        common = self._lists["common"]
        cuts = [(folded[:at], folded[at:]) for at in range(len(folded) + 1)]
        return (
            any(left + right[1:] in common for left, right in cuts if right)
            or any(left + right[1] + right[0] + right[2:] in common for left, right in cuts if len(right) > 1)
            or any(left + letter + right in common for left, right in cuts for letter in _LETTERS)
            or any(left + letter + right[1:] in common for left, right in cuts[:-2] if right for letter in _LETTERS)
        )

    def classes(self, folded: str) -> tuple[str, ...]:
        """The names of the lists that hold the word."""
        return self._classes.get(folded, ())


def _words(entries: list[str], shortest: int) -> frozenset[str]:
    return frozenset(word(part) for entry in entries for part in entry.split() if len(part) >= shortest)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def _entries(path: Path) -> list[str]:
    """The entries of a file of `a, b, c,` lines."""
    lines = (line for line in _lines(path) if not line.startswith("#"))
    return [entry for line in lines for entry in line.rstrip(",").split(", ")]


def _sections(path: Path) -> dict[str, list[str]]:
    """The lines under each [title]; # begins a comment."""
    sections: dict[str, list[str]] = {}
    title = ""
    for line in filter(None, map(str.strip, _lines(path))):
        if line.startswith("[") and line.endswith("]"):
            title = line[1:-1]
        elif not line.startswith("#"):
            sections.setdefault(title, []).append(line)
    return sections
