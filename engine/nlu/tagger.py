"""Marks names of persons and companies in a text: a linear-chain CRF over word shapes, lexicons and the dictionary."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pycrfsuite

from engine.nlu import contacts
from engine.nlu.dictionary import Dictionary
from engine.nlu.language import Token, tokens
from engine.nlu.lexicon import Lexicon
from engine.nlu.normal import word

LABELS = ("person", "company")
_DENYING = {"non", "invece", "anziche"}
_HIDDEN = 0.4  # share of lexicon hits that training doesn't see: most names of real people are in no lexicon
_ROUNDS = 40
_GUESSED = 0.1  # from what chance on a word is taken for a name's where the classifier says that there is one
_POSSIBLE = 0.03  # from what chance on a listed name beside a marked one belongs to it
_SIGNS = ".,;:&-'/()"
_ABBREVIATED = {"c", "coop", "agr", "co", "soc", "f.lli"}  # a full stop after them is theirs
# Words that follow a name and are no part of it.
_AFTER_PERSON = re.compile(
    r"[\s,.!]+(?:saluti|cordiali|distinti|buongiorno|buonasera|arrivederci|giusto|scusi|scusate|sol[oa]|soltanto|"
    r"nient['’]altro|presente|eccomi|titolare|l['’](?:assicurat|intestatari)\w+|l[ae]\s+contraente|ripeto|punto|stop|"
    r"e\s+basta|va\s+bene|ved|nat[oa]|vedova|detto|detta|grazie|privat[oa]|cittadin[oa]|cell|tel|mail|email|e-mail|telefono|"
    r"cellulare|numero|cognome|nome|non|ma|è|bensì|invece|da\s+(?:roma|milano|napoli|torino|bari|lucca)|per\s+favore)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_AFTER_COMPANY = re.compile(
    r"(?<!delle)[\s,]+(?:saluti|cordiali|distinti|buongiorno|buonasera|salve|arrivederci|va\s+bene|giusto\?|"
    r"(?:di|in|a)\s+(?:via|piazza|corso|viale|provincia)|(?:via|piazza|viale)\s|sono\s+io|è\s+una|siamo|titolare|grazie|mail|email|e-mail|cell|tel|telefono|cellulare|numero|non|tutto|scritto|chiede|"
    r"con\s+sede|la\s+(?:mail|e-?mail|pec|nostra|mia)|e\s+(?:vorre|vogli|siamo|la\s+mail|il\s+numero)\w*)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# `siamo la ditta Costa`: announced; `Società Agricola Costa`: a part of the name.
_ARTICLE_BEFORE = re.compile(r"\b(?:la|mia|nostra|della|alla|l['’]|dell['’]|all['’])\s*$", re.IGNORECASE)
_ANNOUNCING = re.compile(
    r"(?:ditta|societ[àa]'?|azienda|impresa|associazione|cooperativa|attivit[àa]'?)\s+"
    r"(?!agricol|sportiv|cooperativ|edil|individual|cultural|sempli|di\b)",
    re.IGNORECASE,
)
_TITLES = (
    r"sig\.?(?:ra)?|signora?|dott\.?(?:ssa)?|dottor(?:e|essa)?|ing\.?|avv\.?|avvocato|geom\.?|geometra|rag\.?|prof\.?|"
    r"arch\.?|privat[oa]|singol[oa]"
)
_LEADING = (
    r"mi\s+chiamo|sono|nome(?:\s+di\s+battesimo)?|(?:di\s+)?battesimo|cognome|uhm|con|in|è\s+la|la\s+scrivente|scrivente|intestatari[oa]|eccolo|segna|segni|qui|"
    r"ehm|dunque|presente|ragione\s+sociale|denominazione(?:\s+sociale)?|registra|scriv[ia]|mett[ia]|subito|certo|ripeto|"
    r"credo|sempre|sarebbe|sarei|(?:può|puo|potete|potrebbe|puoi)\s+\w+(?:are|ere|ire)"
)
_BEFORE_NAME = re.compile(rf"(?:(?:{_TITLES}|{_LEADING})[\s,:!]+)+", re.IGNORECASE)
_KINDS = (  # what kind of customer it is, said before the name
    r"(?:azienda|società|societa|ditta(?:\s+individuale)?|p\.?\s?iva|partita\s+iva|cliente(?:\s+(?:business|aziendale))?|"
    r"business|impresa|cooperativa|associazione|persona\s+giuridica)\s*[,:–-]|"
    r"(?:ditta(?:\s+individuale)?|p\.?\s?iva|partita\s+iva|cliente\s+(?:business|aziendale)|persona\s+giuridica)(?=\s)|"
    r"^(?:azienda|società|societa)(?=\s)(?!\s+(?:agric|coop|sport|sempl|per\s|a\s|di\b|edil|vinic|tra\b|ital|fra\b|cult))"
)
_BEFORE_COMPANY = re.compile(
    rf"(?:(?:(?:{_LEADING}|lavoro\s+per\s+la|in\s+agenzia)(?=[\s,:!])|{_KINDS})[\s,:!–-]*)+", re.IGNORECASE
)
_AT_ITS_STREET = re.compile(r"condominio\b", re.IGNORECASE)  # `Condominio Via Mazzini 3`
_IN_A_TOWN = re.compile(
    r"(?P<form>\b(?:s\.?\s?r\.?\s?l\.?s?|s\.?p\.?a|s\.?n\.?c|s\.?a\.?s)\b\.?),?\s+(?:di|in|a|da|con\s+sede\s+\w+)\s+\w+$",
    re.IGNORECASE,
)
_JOINED_BEFORE = re.compile(
    r"(?:\b[^\W\d_]+-|\b[^\W\d_]\.\s?|(?<!\w)(?:D|Dell|Dall|Sant|L|O)['’]\s?|^(?:d|dell|dall|sant|o)['’]\s?)$"
)
_ANNOUNCERS = (
    *(
        "chiamo",
        "michiamo",
        "chiama",
        "sono",
        "siamo",
        "siamola",
        "nome",
        "cognome",
        "nomecognome",
        "signora",
        "signor",
    ),
    *("azienda", "ditta", "società", "impresa", "denominazione", "ragione", "sociale", "ragionesociale", "privato"),
    *("privata", "cliente", "buongiorno", "buonasera", "dottoressa", "dottor", "salve", "registra", "intestata"),
)
_NEAR = 0.84  # difflib's likeness of a slip and the word: one letter of six
_ARTICLE = re.compile(r"la|il|lo|le|i|gli|l['’]", re.IGNORECASE)
_ORGANISED = re.compile(
    r"(?:societ|ditta|azienda|impresa|coop|associaz|studio|condomin|parrocch|fondaz|nuova)", re.IGNORECASE
)
_HYPHENED = re.compile(r"(?<!\S)[^\W\d_]+-$")
_JOINED_AFTER = re.compile(r"\w?(?:-[^\W\d_]+|['’][A-Z]\w+)")
_OPEN_END = re.compile(
    r"\s+(?:\w*l['’]|d['’]|di|del|della|dal|dalla|la|il|e|o|in|a|con|per)$", re.IGNORECASE
)  # `Neri all'`
_STATE_AFTER = re.compile(
    r"\.?\s*,?\s*(?:in\s+liquidazione|unipersonale|uninominale|(?:a|con)\s+(?:unico\s+socio|socio\s+unico)|società\s+benefit)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Span:
    """A marked part of a text: characters `start` to `end`, and what it is."""

    start: int
    end: int
    label: str


class Tagger:
    """Learns spans from examples and finds them in texts; spans never overlap."""

    def __init__(self, lexicon: Lexicon, dictionary: Dictionary) -> None:
        self._lexicon = lexicon
        self._dictionary = dictionary
        self._crf = pycrfsuite.Tagger()
        self._model = b""

    def fit(self, texts: Sequence[str], spans: Sequence[Sequence[Span]], path: Path, rounds: int = _ROUNDS) -> Tagger:
        """Train on texts and their spans; the model is written to `path` and opened from there."""
        chance = random.Random(1)
        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params({"c1": 0.05, "c2": 0.05, "max_iterations": rounds, "feature.minfreq": 2})
        for text, marked in zip(texts, spans, strict=True):
            found = tokens(text)
            if found:
                trainer.append(self._features(text, found, chance), _labels(found, marked))
        trainer.train(str(path))
        return self.load(path)

    def load(self, path: Path) -> Tagger:
        """Open a trained model; the file is read whole."""
        self._model = path.read_bytes()  # kept: the tagger reads from this memory, it makes no copy
        self._crf.open_inmemory(self._model)
        return self

    def spans(self, text: str, found: list[Token] | None = None) -> list[Span]:
        """The persons, companies and contacts of a text in reading order."""
        return self.marked(text, found)[0]

    def marked(self, text: str, found: list[Token] | None = None) -> tuple[list[Span], dict[str, float]]:
        """`spans`, and for `person` and `company` how likely the likeliest word is a part of one (0 to 1)."""
        found = tokens(text) if found is None else found
        if not found:
            return [], {}
        marked = [Span(start, end, "contact") for start, end in contacts.find(text)]
        labels = self._crf.tag(self._features(text, found))
        likely = {label: self._likely(label, len(found)) for label in LABELS}
        for span in settled(text, _spans(found, self._stretched(found, labels, likely["person"]))):
            if not any(span.start < other.end and other.start < span.end for other in marked):
                marked.append(self._with_article(text, self._relabelled(text, self._without_slips(text, span))))
        return sorted(marked, key=lambda span: span.start), {label: max(chances) for label, chances in likely.items()}

    def guess(self, text: str, found: list[Token]) -> Span | None:
        """The likeliest name where none is marked, but one is meant; None when no word is likely at all."""
        self._crf.tag(self._features(text, found))
        chance, at, label, likely = max(
            (max(likely), likely.index(max(likely)), label, likely)
            for label, likely in ((label, self._likely(label, len(found))) for label in LABELS)
        )
        if chance < _GUESSED:
            return None
        first = last = at
        while first and likely[first - 1] >= chance / 3:
            first -= 1
        while last + 1 < len(found) and likely[last + 1] >= chance / 3:
            last += 1
        (span,) = settled(text, [Span(found[first].start, found[last].end, label)])
        return span if span.start < span.end else None

    def _likely(self, label: str, length: int) -> list[float]:
        """For each token how likely it is a part of such a span."""
        parts = [part for part in (f"B-{label}", f"I-{label}") if part in self._crf.labels()]
        return [sum(self._crf.marginal(part, at) for part in parts) for at in range(length)]

    def _stretched(self, found: list[Token], labels: list[str], likely: list[float]) -> list[str]:
        """With the names beside a person that are no words else: `anna` of `anna maria esposito`."""
        stretched = list(labels)
        for at in range(len(found) - 1):
            for inside, beside in ((at + 1, at), (at, at + 1)):
                joined = stretched[inside].endswith("-person") and stretched[beside] == "O"
                if joined and likely[beside] >= _POSSIBLE and self._is_only_a_name(word(found[beside].text)):
                    stretched[beside] = "B-person" if beside < inside else "I-person"
                    stretched[inside] = "I-person" if beside < inside else stretched[inside]
        return stretched

    def _is_only_a_name(self, folded: str) -> bool:
        listed = {"given", "family"} & set(self._lexicon.classes(folded))
        return bool(listed) and not {"verb", "function"} & set(self._dictionary.parts(folded))

    def _relabelled(self, text: str, span: Span) -> Span:
        """`La Rosa Concetta` is no company: a family name with a particle, then a given name."""
        parts = [word(part) for part in text[span.start : span.end].split()]
        classes = [self._lexicon.classes(part) for part in parts]
        looks_family = span.label == "company" and 3 <= len(parts) <= 4 and "particle" in classes[0]
        if looks_family and "given" in classes[-1] and not any({"form", "trade"} & set(found) for found in classes):
            return Span(span.start, span.end, "person")
        return span

    def _without_slips(self, text: str, span: Span) -> Span:
        """Without mistyped words that announce a name: `azenda Neri srl`, `signra Ada Neri`, `michiamo Ivo`."""
        start = span.start
        for part in re.finditer(r"\S+\s+", text[span.start : span.end]):
            typed = part[0].strip()
            is_written_small = typed.islower() or text.isupper()
            known = self._lexicon.classes(word(typed)) or self._dictionary.knows(word(typed))
            if known or not is_written_small or not get_close_matches(word(typed), _ANNOUNCERS, 1, _NEAR):
                break
            start = span.start + part.end()
        return Span(start, span.end, span.label)

    def _with_article(self, text: str, span: Span) -> Span:
        """`La Bella Pizza`, but `la Bella Pizza` and `la farmacia Neri`: an article that is a part of the name."""
        article, first = text[: span.start].strip(), text[span.start : span.end].split()[:1]
        if span.label != "company" or not first or not _ARTICLE.fullmatch(article):
            return span
        is_said = article.islower() and not first[0].islower()
        if is_said or "trade" in self._lexicon.classes(word(first[0])) or _ORGANISED.match(first[0]):
            return span
        return Span(text.index(article), span.end, "company")

    def _features(self, text: str, found: list[Token], chance: random.Random | None = None) -> list[list[str]]:
        inside = contacts.find(text)
        seen = [self._of_token(token, inside, chance) for token in found]
        whole = _of_text(seen)
        return [[*_in_context(seen, at), *whole] for at in range(len(seen))]

    def _of_token(self, token: Token, inside: list[contacts.Span], chance: random.Random | None) -> _Seen:
        if any(start <= token.start < end for start, end in inside):
            return _Seen("<contact>", ["<contact>"], ("contact",))
        folded = word(token.text)
        hidden = chance is not None and chance.random() < _HIDDEN
        classes = [name for name in self._lexicon.classes(folded) if not (hidden and name in {"given", "family"})]
        parts = self._dictionary.parts(folded)
        marks = [f"w={folded}", f"sh={_shape(token.text)}", *(f"in={name}" for name in classes)]
        marks += [f"is={part}" for part in parts] or ["is=unknown"]
        kind = "name" if {"given", "family"} & set(classes) else "listed" if classes else "-"
        marks.append(f"in-is={kind}:{'+'.join(parts)}")
        marks += [f"s3={folded[-3:]}", f"s2={folded[-2:]}", f"p3={folded[:3]}", f"p4={folded[:4]}"]
        return _Seen(folded, marks, tuple(classes))


@dataclass(frozen=True)
class _Seen:
    """What is seen of one token: its word, its features, the lists that hold it."""

    folded: str
    marks: list[str]
    classes: tuple[str, ...]


def _of_text(seen: list[_Seen]) -> list[str]:
    """What the whole text has, seen from each of its tokens."""
    listed = {name for one in seen for name in one.classes}
    kinds = [name for name in ("form", "trade", "given", "family", "contact") if name in listed]
    return [f"text={'+'.join(kinds)}", f"n={min(len(seen), 6)}", *(f"has={name}" for name in kinds)]


def _in_context(seen: list[_Seen], at: int) -> list[str]:
    features = ["bias", *seen[at].marks]
    for step in (-3, -2, -1, 1, 2, 3):
        place = at + step
        if 0 <= place < len(seen):
            marks = seen[place].marks
            kept = marks if abs(step) == 1 else [mark for mark in marks if mark[:2] in {"w=", "in", "sh"}]
            features += [f"{step}:{mark}" for mark in (kept if abs(step) < 3 else kept[:1])]
        elif abs(step) == 1:
            features.append(f"{step}:edge")
    before = seen[at - 1].folded if at else "^"
    after = seen[at + 1].folded if at + 1 < len(seen) else "$"
    features += [f"b={before}|{seen[at].folded}", f"a={seen[at].folded}|{after}", f"around={before}|{after}"]
    lead = " ".join(one.folded for one in seen[max(at - 2, 0) : at])
    features.append(f"lead={lead}")
    if any(one.folded in _DENYING for one in seen[max(at - 4, 0) : at]):
        features.append("denied")
    return features


def _shape(text: str) -> str:
    if text.isdigit():
        return "0"
    if all(char in _SIGNS for char in text):
        return text
    case = "X" if text.isupper() and len(text) > 1 else "Xx" if text[0].isupper() else "x"
    return case + ("." if "." in text else "") + ("'" if "'" in text else "") + ("1" if len(text) == 1 else "")


def _labels(found: list[Token], marked: Iterable[Span]) -> list[str]:
    labels = ["O"] * len(found)
    for span in marked:
        if span.label not in LABELS:
            continue
        inside = [at for at, token in enumerate(found) if token.start < span.end and span.start < token.end]
        for order, at in enumerate(inside):
            labels[at] = f"{'I' if order else 'B'}-{span.label}"
    return labels


def _spans(found: list[Token], labels: list[str]) -> list[Span]:
    spans: list[Span] = []
    joined = False
    for token, label in zip(found, labels, strict=True):
        kind = label[2:]
        if label.startswith("B-") or (kind and (not spans or spans[-1].label != kind or not joined)):
            spans.append(Span(token.start, token.end, kind))
        elif kind:
            spans[-1] = Span(spans[-1].start, token.end, kind)
        joined = bool(kind)
    return spans


def settled(text: str, spans: list[Span]) -> list[Span]:
    """Spans with their edges where a name's are: parts of one name joined, what is no part of it left out."""
    return [_whole(text, span) for span in _joined(text, spans)]


def _joined(text: str, spans: list[Span]) -> list[Span]:
    """`Karl-Ludwig` as one name, and the whole of `Dall'Oglio` where a part of it is marked."""
    joined: list[Span] = []
    for span in spans:
        start, end = span.start, span.end
        if span.label == "company" and (before := _HYPHENED.search(text, 0, start)):
            start = before.start()
        if span.label == "person":
            while start < end and text[start] in "'’ ":
                start += 1
            if before := _JOINED_BEFORE.search(text, 0, start):
                start = before.start()
            if after := _JOINED_AFTER.match(text, end - 1):
                end = after.end()
        if joined and joined[-1].label == span.label == "person" and start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end), "person")
        else:
            joined.append(Span(start, end, span.label))
    return joined


def _whole(text: str, span: Span) -> Span:
    """Without signs and words at its edges that are no part of a name, with the last full stop of an abbreviation."""
    start, end = span.start, span.end
    is_company = span.label == "company"
    cut = (_AFTER_COMPANY if is_company else _AFTER_PERSON).search(text, start, end)
    if cut and cut.start() > start and not _AT_ITS_STREET.match(text, start, end):
        end = cut.start()
    lead = (_BEFORE_COMPANY if is_company else _BEFORE_NAME).match(text, start, end)
    if lead and lead.end() < end:
        start = lead.end()
    if is_company and (where := _IN_A_TOWN.search(text, start, end)):
        end = where.start() + len(where["form"])
    if is_company and _ARTICLE_BEFORE.search(text[:start]):
        announced = _ANNOUNCING.match(text, start, end)
        start = announced.end() if announced else start
    while start < end and text[start] in " .,;:-/":
        start += 1
    while end > start and text[end - 1] in " ,;:-/!?.":
        end -= 1
    while not is_company and end > start and not text[end - 1].isalpha() and text[end - 1] not in ".'’":
        end -= 1  # an emoji
    if not is_company and (cut := _OPEN_END.search(text, start, end)) and cut.start() > start:
        end = cut.start()
    if is_company:
        start, end = _with_quotes_and_state(text, start, end)
    last = text[start:end].rsplit(" ", 1)[-1]
    if span.label == "company" and text[end : end + 1] == "." and ("." in last or last.lower() in _ABBREVIATED):
        end += 1
    return Span(start, end, span.label)


def _with_quotes_and_state(text: str, start: int, end: int) -> tuple[int, int]:
    """`"La Rosa" di Neri Ugo` with both quotes, `L'Arte` with its article, a form with what belongs to it."""
    if text[start:end].count('"') % 2 and text[start - 1 : start] == '"':
        start -= 1
    if text[start - 2 : start] in {"L'", "L’"}:
        start -= 2
    if state := _STATE_AFTER.match(text, end):
        end = state.end()
    return start, end
