"""Makes business customers of all legal forms."""

from __future__ import annotations

from typing import Any

from stdnum import luhn

from benchmarks.matching.person_names import common_given
from benchmarks.matching.rows import Company
from benchmarks.matching.spelling import accents_apart, plain
from benchmarks.matching.supply import Supply
from benchmarks.matching.words import Weighted, words


class Firms:
    """Makes companies with what the supply gives out."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply
        self._companies: dict[str, Any] = words("companies")
        forms = self._companies["forms"]
        self._forms = Weighted(list(forms), [form["share"] for form in forms.values()])

    def core(self) -> str:
        """The name of a company without its legal form."""
        rng, data = self._supply.rng, self._companies
        owner = rng.choice(data["owners"])
        kind = rng.random()
        if kind < 0.25:
            return f"{rng.choice(data['trades'])} {owner}"
        if kind < 0.5:
            return f"{rng.choice(data['fancy'])} {rng.choice(data['fields'])}"
        if kind < 0.58:
            return f"{rng.choice(data['fancy'])} {rng.choice(data['numbers'])}"
        if kind < 0.66:
            return f"{self.initials()} {rng.choice(data['fields'])}"
        if kind < 0.74:
            return f"F.lli {owner}"
        if kind < 0.82:
            return f"{owner} & {rng.choice([name for name in data['owners'] if name != owner])}"
        if kind < 0.92:
            return f"{rng.choice(data['trades'])} {rng.choice(data['fancy'])} {rng.choice(data['places'])}"
        return f"{rng.choice(data['fancy'])} {rng.choice(data['trades'])}"

    def initials(self) -> str:
        """Two or three initials with full stops, as in G.M."""
        return "".join(
            f"{self._supply.rng.choice('ABCDEFGILMNOPRSTVZ')}." for _ in range(self._supply.rng.choice((2, 2, 3)))
        )

    def partner(self) -> str:
        """A partner's name, family name first, as deeds have it."""
        rng = self._supply.rng
        return f"{rng.choice(self._companies['owners'])} {common_given(rng, 'M' if rng.random() < 0.75 else 'F')}"

    def company(
        self,
        *,
        core: str | None = None,
        form: str | None = None,
        partners: str | None = None,
        form_on_file: bool | None = None,
    ) -> Company:
        """A company; what isn't given is drawn."""
        rng, data = self._supply.rng, self._companies
        form = form or self._forms.pick(rng)
        if core is None:
            core = self.core()
            if form == "ditta" or (form in ("sas", "snc") and rng.random() < 0.2):
                core = self.partner() + ("" if form == "ditta" else " & C.")
            elif form == "ss" and rng.random() < 0.3:
                core = f"{rng.choice(data['professions'])} {self.partner()} e {self.partner()}"
            elif form == "asd":
                core = f"{rng.choice(data['clubs'])} {rng.choice(data['places'])}"
        if partners is None:
            partners = ""
            if form in ("sas", "snc", "sapa") and not core.endswith("& C.") and rng.random() < 0.6:
                partners = f"di {self.partner()} & C." if rng.random() < 0.85 else f"di {self.partner()} e Figli"
        note = rng.choice(data["notes"][form]) if form in data["notes"] and rng.random() < 0.06 else ""
        on_file = rng.random() < 0.9 if form_on_file is None else form_on_file
        number = f"C{self._supply.number():08d}"
        return Company(
            number=number,
            company_name=self._on_file(core, form, partners, note, on_file),
            core=core,
            form=form,
            partners=partners,
            note=note if on_file else "",
            form_on_file=on_file,
            partita_iva=self._partita_iva(),
            contacts=self._contacts(core),
        )

    def _on_file(self, core: str, form: str, partners: str, note: str, on_file: bool) -> str:
        rng = self._supply.rng
        spellings = self._companies["forms"][form]
        style = rng.choices(("dotted", "short", "full"), (60, 22, 18))[0]
        legal = rng.choice(spellings[style]) if on_file else ""
        if form == "asd" and on_file:
            parts = [legal, core]
        elif partners and rng.random() < 0.5:
            parts = [core, legal, partners]
        else:
            parts = [core, partners, legal]
        text = " ".join(part for part in (*parts, note if on_file else "") if part)
        if rng.random() < 0.03:
            text = text.replace(core, f'"{core}"')
        case = rng.random()
        if case < 0.6:
            return accents_apart(text).upper()
        if case < 0.75:
            return text.upper()
        return text if case < 0.93 else plain(text)

    def _contacts(self, core: str) -> tuple[str, ...]:
        supply, kind = self._supply, self._supply.rng.random()
        if kind < 0.4:
            return (supply.business_email(core),)
        return (supply.mobile(),) if kind < 0.55 else (supply.business_email(core), supply.mobile())

    def _partita_iva(self) -> str:
        base = f"{self._supply.rng.randrange(1, 10_000_000):07d}{self._supply.rng.randrange(1, 100):03d}"
        return base + str(luhn.calc_check_digit(base))
