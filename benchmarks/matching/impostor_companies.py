"""Impostors of business customers: other firms of the same owner, accountant or group, and firms of nearly one name."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

from benchmarks.matching.company_variants import any_writing
from benchmarks.matching.firms import Firms
from benchmarks.matching.impostor import Claim, contact_of, homoglyph, near_contact
from benchmarks.matching.rows import Company, Typed
from benchmarks.matching.spelling import distance, letters
from benchmarks.matching.words import members, words

_SMALL_WORDS = {"Il", "La", "del", "De", "Di", "San", "Santa"}

Make = Callable[[Firms, random.Random], Claim]


def _key(core: str) -> str:
    return letters(core.replace(" & ", " e ").replace("F.lli", "Fratelli"))


def _alike(one: Company, other: Company, *, legal: bool) -> bool:
    """Whether a key without blanks, signs and accents could take both for one; `legal`: the other's form is written."""
    if _key(one.core) != _key(other.core) or _key(one.partners) != _key(other.partners):
        return False
    forms = words("companies")["forms"]
    families = {forms[company.form].get("family", company.form) for company in (one, other)}
    return len(families) == 1 or not legal or not one.form_on_file


def _far(one: str, other: str) -> bool:
    """Whether more than two edits lead from one core to the other, and no word more or less."""
    few, many = sorted((set(one.lower().split()), set(other.lower().split())), key=len)
    return not few <= many and distance(_key(one), _key(other)) > 2


def _claim(row: Company, other: Company, rng: random.Random, *, legal: bool | None = None) -> Claim:
    """Somebody of the other firm gives the row's contact, and writes as people write."""
    legal = rng.random() < 0.7 if legal is None else legal
    typed = Typed("azienda", contact_of(row, rng), company_name=any_writing(other, rng, legal=legal))
    return Claim(row, typed, _alike(row, other, legal=legal), _far(row.core, other.core))


def _named(firms: Firms, row: Company, core: str) -> Company:
    """Another firm of the row's legal form and partners."""
    return firms.company(core=core, form=row.form, partners=row.partners)


@cache
def _near() -> tuple[dict[str, list[str]], list[str]]:
    table = members(words("companies")["near"])
    return table, list(table)


def _other_form(firms: Firms, rng: random.Random) -> Claim:
    forms = words("companies")["forms"]
    row = firms.company(form_on_file=True)
    family = forms[row.form].get("family", row.form)
    # S.c.a r.l. is written for consortia and for cooperatives.
    families = {family, "cooperative", "consortium"} if family in ("cooperative", "consortium") else {family}
    form = rng.choice([key for key, form in forms.items() if form.get("family", key) not in families])
    return _claim(row, firms.company(core=row.core, form=form, partners=""), rng, legal=True)


def _near_core(firms: Firms, rng: random.Random) -> Claim:
    table, names = _near()
    name = rng.choice(names)
    rest = rng.choice([word for word in words("companies")["places"] + words("companies")["fields"] if word != name])
    row = firms.company(core=f"{name} {rest}")
    return _claim(row, _named(firms, row, f"{rng.choice(table[name])} {rest}"), rng)


def _near_owner(firms: Firms, rng: random.Random) -> Claim:
    table, _ = _near()
    owner = rng.choice([name for name in words("companies")["owners"] if name in table])
    trade = rng.choice([*words("companies")["trades"], "F.lli"])
    row = firms.company(core=f"{trade} {owner}")
    return _claim(row, _named(firms, row, f"{trade} {rng.choice(table[owner])}"), rng)


def _other_number(firms: Firms, rng: random.Random) -> Claim:
    name = rng.choice(words("companies")["fancy"])
    one, other = rng.sample([*words("companies")["numbers"], ""], 2)
    row = firms.company(core=f"{name} {one}".strip())
    return _claim(row, _named(firms, row, f"{name} {other}".strip()), rng)


def _kin(firms: Firms, rng: random.Random) -> Claim:
    parent = firms.core()
    word = rng.choice([word for word in words("companies")["kin"] if word not in parent])
    child = f"{parent} {word}" if rng.random() < 0.7 else f"{word} {parent}"
    one, other = (parent, child) if rng.random() < 0.5 else (child, parent)
    row = firms.company(core=one, form=rng.choice(("srl", "spa")))
    return _claim(row, firms.company(core=other, form=row.form), rng)


def _word_dropped(firms: Firms, rng: random.Random) -> Claim:
    row = firms.company(core=firms.core())
    sides = row.core.split(" & ")
    if len(sides) > 1:
        return _claim(row, _named(firms, row, rng.choice(sides)), rng)
    parts = row.core.split()
    # A missing article or saint is a true customer's slip, not another firm.
    at = rng.choice([at for at, word in enumerate(parts) if word not in _SMALL_WORDS])
    return _claim(row, _named(firms, row, " ".join(parts[:at] + parts[at + 1 :])), rng)


def _other_partners(firms: Firms, rng: random.Random) -> Claim:
    form = rng.choice(("sas", "snc"))
    row = firms.company(core=firms.core(), form=form, partners=f"di {firms.partner()} & C.")
    while (partners := f"di {firms.partner()} & C.") == row.partners:
        pass
    return _claim(row, firms.company(core=row.core, form=form, partners=partners), rng)


def _other_partner_core(firms: Firms, rng: random.Random) -> Claim:
    form, family = rng.choice(("sas", "snc", "ditta")), rng.choice(words("companies")["owners"])
    one, other = rng.sample(words("given_names")["male"]["common"], 2)
    tail = "" if form == "ditta" else " & C."
    row = firms.company(core=f"{family} {one}{tail}", form=form, partners="")
    return _claim(row, _named(firms, row, f"{family} {other}{tail}"), rng)


def _other_initials(firms: Firms, rng: random.Random) -> Claim:
    field, one = rng.choice(words("companies")["fields"]), firms.initials()
    while (other := firms.initials()) == one:
        pass
    row = firms.company(core=f"{one} {field}")
    return _claim(row, _named(firms, row, f"{other} {field}"), rng)


def _as_person(firms: Firms, rng: random.Random) -> Claim:
    given = rng.choice(words("given_names")["male"]["common"])
    family = rng.choice(words("companies")["owners"])
    row = firms.company(core=f"{family} {given}", form="ditta", partners="")
    names = (given, family) if rng.random() < 0.7 else (family, given)
    return Claim(row, Typed("persona", contact_of(row, rng), *names))


def _accountant(firms: Firms, rng: random.Random) -> Claim:
    row, other = firms.company(), firms.company()
    return _claim(row, other, rng)


def _generic(firms: Firms, rng: random.Random) -> Claim:
    row = firms.company()
    text = rng.choice((*words("signs")["generic"], *(rng.choice(form["dotted"]) for form in _forms())))
    return Claim(row, Typed("azienda", contact_of(row, rng), company_name=text), far=True)


def _forms() -> list[dict[str, list[str]]]:
    return list(words("companies")["forms"].values())


def _nothing(firms: Firms, rng: random.Random) -> Claim:
    row = firms.company()
    return Claim(
        row, Typed("azienda", contact_of(row, rng), company_name=rng.choice(words("signs")["nothing"])), far=True
    )


def _homoglyph(firms: Firms, rng: random.Random) -> Claim:
    while True:
        row = firms.company()
        core = homoglyph(row.core, rng)
        if core is not None:
            name = row.company_name.replace(row.core, core) if row.core in row.company_name else core
            return Claim(row, Typed("azienda", contact_of(row, rng), company_name=name))


def _other_contact(firms: Firms, rng: random.Random) -> Claim:
    row, other = firms.company(), firms.company()
    name = any_writing(row, rng, legal=row.form_on_file)
    return Claim(row, Typed("azienda", contact_of(other, rng), company_name=name))


def _near_contact(firms: Firms, rng: random.Random) -> Claim:
    row = firms.company()
    return Claim(row, Typed("azienda", near_contact(rng.choice(row.contacts), rng), company_name=row.company_name))


def _folding(firms: Firms, rng: random.Random) -> Claim:
    trade, owner = rng.choice(words("companies")["trades"]), rng.choice(words("companies")["owners"])
    apart, together = f"{trade} {owner}", trade + letters(owner)
    one, other = (apart, together) if rng.random() < 0.5 else (together, apart)
    row = firms.company(core=one)
    return _claim(row, _named(firms, row, other), rng)


def _form_unsaid(firms: Firms, rng: random.Random) -> Claim:
    row = firms.company(core=firms.core(), form="srl", partners="", form_on_file=rng.random() < 0.5)
    other = firms.company(core=row.core, form="spa", partners="")
    return _claim(row, other, rng, legal=not row.form_on_file)


def _order(firms: Firms, rng: random.Random) -> Claim:
    one, other = rng.sample(words("companies")["owners"], 2)
    row = firms.company(core=f"{one} & {other}")
    return _claim(row, _named(firms, row, f"{other} & {one}"), rng)._replace(folds=True)


# kind: share, why, how it is made.
KINDS: dict[str, tuple[int, str, Make]] = {
    "other_legal_form": (16, "Edil Rossi S.r.l. and Edil Rossi S.n.c. are two firms", _other_form),
    "near_company_name": (14, "Alfa Sud and Alba Sud", _near_core),
    "near_owner_name": (12, "Edil Rossi and Edil Russo", _near_owner),
    "other_number": (8, "Alfa 1 and Alfa 2; Alfa and Alfa 2", _other_number),
    "parent_or_subsidiary": (8, "Alfa and Alfa Immobiliare", _kin),
    "word_dropped": (7, "Edil Rossi and Rossi", _word_dropped),
    "other_partners": (7, "one fancy name, other partners", _other_partners),
    "other_first_partner": (6, "Rossi Mario & C. and Rossi Luca & C.", _other_partner_core),
    "other_initials": (6, "G.M. Impianti and G.N. Impianti", _other_initials),
    "company_as_person": (5, "a sole trader's firm is no private customer of the same name", _as_person),
    "shared_accountant": (8, "an accountant's address stands on file for many firms", _accountant),
    "form_or_generic_word_only": (3, "S.r.l., Ditta: everybody's", _generic),
    "nothing_company": (2, "signs, digits, blanks: no name equals the empty one", _nothing),
    "homoglyph_company": (3, "letters of another script are another name", _homoglyph),
    "same_company_other_contact": (5, "another customer's contact", _other_contact),
    "same_company_near_contact": (3, "one digit or letter makes another's contact", _near_contact),
    "same_when_folded_company": (2, "Edil Rossi and Edilrossi: two firms, one key without blanks", _folding),
    "form_unsaid": (2, "Alfa alone may be Alfa S.r.l. or Alfa S.p.A.", _form_unsaid),
    "same_words_other_order_company": (1, "Rossi & Bianchi, Bianchi & Rossi", _order),
}
