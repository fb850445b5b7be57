"""Ways in which somebody writes the name of his own company."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from benchmarks.matching import typing_errors
from benchmarks.matching.rows import Company
from benchmarks.matching.spelling import accents_apart, full_width, other_apostrophe, plain
from benchmarks.matching.tolerance import BEHIND_TAX_CODE, MAY_REFUSE, MUST, Tolerance
from benchmarks.matching.words import words


@dataclass(frozen=True, slots=True)
class Parts:
    """A company's name in its parts; `legal` is the legal form as it is written, or nothing."""

    core: str
    legal: str
    partners: str
    legal_last: bool = True

    def text(self) -> str:
        """The parts in a row."""
        parts = (self.core, self.partners, self.legal) if self.legal_last else (self.core, self.legal, self.partners)
        return " ".join(part for part in parts if part)


Write = Callable[[Company, Parts, random.Random], str | None]
Change = Callable[[str, random.Random], str]


def _legal(company: Company, style: str, rng: random.Random) -> str:
    return str(rng.choice(words("companies")["forms"][company.form][style]))


def _styled(style: str) -> Write:
    return lambda company, parts, rng: replace(parts, legal=_legal(company, style, rng)).text()


def _changed(change: Change) -> Write:
    return lambda company, parts, rng: change(parts.text(), rng)


def _in_core(change: Change) -> Write:
    """For changes that the legal form or the partners must not take part in."""

    def write(company: Company, parts: Parts, rng: random.Random) -> str | None:
        core = change(parts.core, rng)
        return replace(parts, core=core).text() if core != parts.core else None

    return write


def _full_with_apostrophes(company: Company, parts: Parts, rng: random.Random) -> str:
    legal = _legal(company, "full", rng)
    return replace(parts, legal=rng.choice((accents_apart(legal), accents_apart(legal).upper(), plain(legal)))).text()


def _form_missing(company: Company, parts: Parts, rng: random.Random) -> str:
    return replace(parts, legal="").text()


def _form_first(company: Company, parts: Parts, rng: random.Random) -> str:
    legal = _legal(company, rng.choice(("short", "dotted", "full")), rng)
    return f"{legal} {replace(parts, legal='').text()}"


def _form_moved(company: Company, parts: Parts, rng: random.Random) -> str | None:
    return replace(parts, legal_last=not parts.legal_last).text() if parts.partners else None


def _form_after_sign(company: Company, parts: Parts, rng: random.Random) -> str:
    return replace(parts, legal="").text() + rng.choice((", ", " - ", ",", " – ")) + parts.legal


def _ampersand(text: str, rng: random.Random) -> str:
    return re.sub(" & (?!C\\.)", lambda _: rng.choice((" e ", " and ", "&", " E ", " et ")), text).replace(
        " et ", " e "
    )


def _and_company(text: str, rng: random.Random) -> str:
    return text.replace("& C.", rng.choice(("e C.", "&C.", "& c", "e c.", "&C", "E C.", "and C.")))


def _and_company_missing(company: Company, parts: Parts, rng: random.Random) -> str | None:
    text = parts.text()
    changed = text.replace(" & C.", "")
    return changed if changed != text else None


def _brothers(text: str, rng: random.Random) -> str:
    return text.replace("F.lli", rng.choice(("Fratelli", "F.LLI", "Flli", "f.lli", "fratelli", "F.lli.")))


def _initials(text: str, rng: random.Random) -> str:
    def write(found: re.Match[str]) -> str:
        initials = found[0].replace(".", "")
        return rng.choice((initials, " ".join(initials), ". ".join(initials) + ".", initials.lower()))

    return re.sub(r"\b(?:[A-Z]\.){2,}", write, text)


def _number_joined(text: str, rng: random.Random) -> str:
    return re.sub(r" (?=\d)", rng.choice(("", "-")), text)


def _hyphen(text: str, rng: random.Random) -> str:
    return text.replace(" ", rng.choice(words("signs")["hyphens"]), 1) if "&" not in text and "." not in text else text


def _quoted(text: str, rng: random.Random) -> str:
    opening, closing = rng.choice((('"', '"'), ("“", "”"), ("«", "»")))
    return f"{opening}{text}{closing}"


def _blanks(text: str, rng: random.Random) -> str:
    blanks: list[str] = words("signs")["blanks"]
    return rng.choice(blanks) + re.sub(" ", lambda _: rng.choice(blanks[1:]), text) + rng.choice(blanks)


def _accents_apart(text: str, rng: random.Random) -> str:
    apart = accents_apart(text, rng.choice(("'", other_apostrophe(rng))))
    return apart if apart != plain(text) else text


def _apostrophe(text: str, rng: random.Random) -> str:
    return re.sub("'(?=.)", other_apostrophe(rng), text)


def _apostrophe_blank(text: str, rng: random.Random) -> str:
    return re.sub("'(?=\\w)", rng.choice(("' ", " ")), text)


def _trader_order(company: Company, parts: Parts, rng: random.Random) -> str | None:
    if company.form != "ditta":
        return None
    family, _, given = parts.core.rpartition(" ")
    return replace(parts, core=f"{given} {family}", legal=rng.choice((parts.legal, ""))).text() if family else None


def _note_dropped(company: Company, parts: Parts, rng: random.Random) -> str | None:
    return parts.text() if company.note else None


def _note_written(company: Company, parts: Parts, rng: random.Random) -> str | None:
    return f"{parts.text()} {company.note}" if company.note else None


def _partners_dropped(company: Company, parts: Parts, rng: random.Random) -> str | None:
    return replace(parts, partners="").text() if parts.partners else None


def _partner_order(company: Company, parts: Parts, rng: random.Random) -> str | None:
    found = re.fullmatch(r"di (.+) (\w+) (&|e) (C\.|Figli)", parts.partners)
    return replace(parts, partners="di {1} {0} {2} {3}".format(*found.groups())).text() if found else None


def _other_cooperative(company: Company, parts: Parts, rng: random.Random) -> str | None:
    forms = words("companies")["forms"]
    family = forms[company.form].get("family")
    others = [key for key, form in forms.items() if form.get("family") == family and key != company.form]
    if family != "cooperative" or not company.form_on_file:
        return None
    return replace(parts, legal=rng.choice(forms[rng.choice(others)]["dotted"])).text()


def _abbreviated(text: str, rng: random.Random) -> str:
    table = words("companies")["abbreviated"]
    return " ".join(table.get(word, word) for word in text.split(" "))


def _number_in_words(text: str, rng: random.Random) -> str:
    table = words("companies")["number_words"]
    return " ".join(table.get(word, word) for word in text.split(" "))


def _core_joined(text: str, rng: random.Random) -> str:
    return text.replace(" ", "") if "&" not in text else text


def _announced(company: Company, parts: Parts, rng: random.Random) -> str:
    return rng.choice(("Ditta ", "la ditta ", "Azienda ", "la mia azienda è ", "ragione sociale: ")) + parts.text()


def _one_error(text: str, rng: random.Random) -> str:
    return typing_errors.one(text, rng) or text


def _two_errors(text: str, rng: random.Random) -> str:
    return typing_errors.two(text, rng) or text


# kind: tolerance, why, how it is written. A writer that changes nothing, or gives None, has nothing to say of a name.
KINDS: dict[str, tuple[Tolerance, str, Write]] = {
    "lower_case": (MUST, "nobody writes capitals in a chat", _changed(lambda text, rng: text.lower())),
    "upper_case": (MUST, "as on invoices", _changed(lambda text, rng: text.upper())),
    "form_short": (MUST, "srl", _styled("short")),
    "form_dotted": (MUST, "S.r.l.", _styled("dotted")),
    "form_spaced": (MUST, "S. r. l., s r l", _styled("spaced")),
    "form_last_dot_missing": (MUST, "S.r.l", _styled("undotted_end")),
    "form_in_full": (MUST, "Società a responsabilità limitata", _styled("full")),
    "form_in_full_apostrophes": (MUST, "Societa' a responsabilita' limitata", _full_with_apostrophes),
    "form_missing": (MUST, "a missing form is not another form", _form_missing),
    "form_first": (MUST, "S.r.l. Edil Rossi", _form_first),
    "form_moved": (MUST, "before or after the partners, as deeds do both", _form_moved),
    "form_after_sign": (MUST, "Edil Rossi, S.r.l.", _form_after_sign),
    "ampersand": (MUST, "e, and, & say one thing", _in_core(_ampersand)),
    "and_company_spelling": (MUST, "& C., e C.", _changed(_and_company)),
    "and_company_missing": (MUST, "no & C.: everybody leaves it out", _and_company_missing),
    "brothers": (MUST, "F.lli, Fratelli", _in_core(_brothers)),
    "initials": (MUST, "G.M., GM, G M", _in_core(_initials)),
    "number_joined": (MUST, "Alfa2000 for Alfa 2000", _in_core(_number_joined)),
    "hyphen": (MUST, "Edil-Rossi for Edil Rossi", _in_core(_hyphen)),
    "quoted": (MUST, "the name in quotation marks", _in_core(_quoted)),
    "full_stop": (
        MUST,
        "a sign that ends the sentence",
        _changed(lambda text, rng: text + rng.choice((".", ",", "!"))),
    ),
    "extra_blanks": (MUST, "blanks around and within, of any kind", _changed(_blanks)),
    "accents_dropped": (MUST, "no accents on the keyboard", _changed(lambda text, rng: plain(text))),
    "accents_as_apostrophes": (MUST, "Caffe' for Caffè", _in_core(_accents_apart)),
    "apostrophe_other_sign": (MUST, "typographic and other code points for an apostrophe", _in_core(_apostrophe)),
    "apostrophe_blank": (MUST, "L' Angolo, L Angolo", _in_core(_apostrophe_blank)),
    "decomposed": (MUST, "NFD, as some phones send it", _changed(lambda text, rng: unicodedata.normalize("NFD", text))),
    "full_width": (MUST, "letters of an East Asian keyboard", _changed(lambda text, rng: full_width(text))),
    "trader_order": (MUST, "a sole trader's firm is his own name: Mario Rossi for Rossi Mario", _trader_order),
    "note_dropped": (MUST, "unipersonale, in liquidazione: a state of the company, not its name", _note_dropped),
    "note_written": (MUST, "the same, written", _note_written),
    "one_typing_error": (BEHIND_TAX_CODE, "one letter wrong, missing or too many", _in_core(_one_error)),
    "two_typing_errors": (BEHIND_TAX_CODE, "two letters", _in_core(_two_errors)),
    "partners_dropped": (
        MAY_REFUSE,
        "partners are part of the ragione sociale, and tell it from others",
        _partners_dropped,
    ),
    "partner_order": (
        MAY_REFUSE,
        "di Mario Rossi for di Rossi Mario: words of the name in another order",
        _partner_order,
    ),
    "other_cooperative_form": (MAY_REFUSE, "less or more of the form than on file", _other_cooperative),
    "word_abbreviated": (MAY_REFUSE, "Costr. could be more than one word", _in_core(_abbreviated)),
    "number_in_words": (MAY_REFUSE, "Alfa Duemila is written otherwise than on file", _in_core(_number_in_words)),
    "core_joined": (MAY_REFUSE, "Edilrossi may be another company than Edil Rossi", _in_core(_core_joined)),
    "announced": (MAY_REFUSE, "words before the name: the conversation takes them out", _announced),
    "emoji": (
        MAY_REFUSE,
        "no sign of a name: the customer can be asked again",
        _changed(lambda text, rng: text + rng.choice((" 😊", " 👍"))),
    ),
}
FORM_ADDED = "form_added"

_CORE_CHAIN: tuple[Change, ...] = (_brothers, _initials, _ampersand, _number_joined)
_CHAIN: tuple[tuple[Change, ...], ...] = (
    (lambda text, rng: plain(text), _accents_apart),
    (_apostrophe, _apostrophe_blank),
    (lambda text, rng: text.lower(), lambda text, rng: text.upper()),
    (_blanks,),
)


def any_writing(company: Company, rng: random.Random, *, legal: bool = True) -> str:
    """The name with several changes at once, each of which must be understood; `legal=False` leaves the form out."""
    core = company.core
    for change in _CORE_CHAIN:
        if rng.random() < 0.5:
            core = change(core, rng)
    style = rng.choice(("short", "dotted", "spaced", "undotted_end", "full"))
    written = _legal(company, style, rng) if legal else ""
    text = Parts(core, written, company.partners, rng.random() < 0.5).text()
    for changes in _CHAIN:
        if rng.random() < 0.35:
            text = rng.choice(changes)(text, rng)
    return text


def company_variants(company: Company, rng: random.Random) -> Iterator[tuple[str, Tolerance, str, str]]:
    """(kind, tolerance, why, text) for each kind that has something to say of this company's name."""
    yield "as_on_file", MUST, "letter by letter what the registry holds", company.company_name
    legal = _legal(company, rng.choice(("short", "dotted")), rng) if company.form_on_file else ""
    parts = Parts(company.core, legal, company.partners, rng.random() < 0.5)
    yield "as_the_customer", MUST, "the name as he writes it, however the registry does", parts.text()
    if not company.form_on_file:
        added = replace(parts, legal=_legal(company, rng.choice(("short", "dotted", "full")), rng)).text()
        yield FORM_ADDED, MUST, "the registry leaves the form out: a missing form is not another form", added
    for kind, (tolerance, why, write) in KINDS.items():
        if kind.startswith("form_") and not company.form_on_file:
            continue
        text = write(company, parts, rng)
        # The note is not among the parts: dropping it leaves them as they are.
        if text is not None and (text != parts.text() or kind == "note_dropped"):
            yield kind, tolerance, why, text
    yield "combined", MUST, "several of these at once", any_writing(company, rng, legal=company.form_on_file)
