"""The Italian dictionary of spacy-lookups-data as a small table: what a word form can be, and its lemma."""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import srsly

from engine.nlu.normal import fold

# Tables of spacy-lookups-data -> the part of speech that a form in them can be.
_PARTS = {
    "verb": ("lemma_lookup_verb", "lemma_lookup_aux"),
    "noun": ("lemma_lookup_noun",),
    "adjective": ("lemma_lookup_adj",),
    "function": ("lemma_lookup_adp", "lemma_lookup_det", "lemma_lookup_pron", "lemma_lookup_num", "lemma_lookup_adv"),
    "other": ("lemma_lookup_other", "lemma_lookup"),
}


class Dictionary:
    """Looks up folded word forms, kept as 32-bit hashes: of unknown words, one in 10,000 is taken for a known one."""

    def __init__(
        self, forms: npt.NDArray[np.uint32], lemmas: npt.NDArray[np.uint32], parts: npt.NDArray[np.uint8]
    ) -> None:
        self._forms, self._lemmas, self._parts = forms, lemmas, parts
        self._place = lru_cache(maxsize=1 << 15)(self._found)

    @classmethod
    def of_spacy(cls) -> Dictionary:
        """Compiled from the tables of spacy-lookups-data."""
        from spacy_lookups_data import it as files

        entries: dict[int, list[int]] = {}
        for bit, names in enumerate(_PARTS.values()):
            for name in names:
                for form, lemma in srsly.read_gzip_json(f"{files[name]}.gz").items():
                    if " " not in form:
                        entry = entries.setdefault(_hash(fold(form)), [_hash(fold(lemma)), 0])
                        entry[1] |= 1 << bit
        forms = sorted(entries)
        return cls(
            np.array(forms, np.uint32),
            np.array([entries[form][0] for form in forms], np.uint32),
            np.array([entries[form][1] for form in forms], np.uint8),
        )

    @classmethod
    def load(cls, path: Path) -> Dictionary:
        """From a file that `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["forms"], stored["lemmas"], stored["parts"])

    def save(self, path: Path) -> None:
        """Write the table (about 2 MB)."""
        np.savez_compressed(path, forms=self._forms, lemmas=self._lemmas, parts=self._parts)

    def knows(self, folded: str) -> bool:
        """Whether the form is in the dictionary."""
        return self._place(folded) is not None

    def parts(self, folded: str) -> tuple[str, ...]:
        """The parts of speech that the form can be: `verb`, `noun`, `adjective`, `function`; empty when unknown."""
        place = self._place(folded)
        if place is None:
            return ()
        mask = int(self._parts[place])
        return tuple(part for bit, part in enumerate(_PARTS) if mask >> bit & 1)

    def lemma(self, folded: str) -> str:
        """A key that is equal for all forms of a word; the form itself when unknown."""
        place = self._place(folded)
        return folded if place is None else f"{int(self._lemmas[place]):x}"

    def _found(self, folded: str) -> int | None:
        key = _hash(folded)
        place = int(np.searchsorted(self._forms, np.uint32(key)))
        return place if place < len(self._forms) and int(self._forms[place]) == key else None


def _hash(folded: str) -> int:
    return zlib.crc32(folded.encode())
