"""Write composed.yml: names, companies and whole sets of data, put together from what lexicon/ holds."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
LEXICON = HERE / "lexicon"
SEED = 20261123
COUNTS = {"give_name": 340, "give_company_name": 300, "give_contact": 180, "give_data": 280, "correct_data": 90}
HEADER = "# Written by compose.py from lexicon/: change what is there and run it again.\n"

# A word that an annotation turns into a value: slot of the frame -> (entity, value, words).
VALUED = {
    "persona": ("customer_type", "persona", ["privato", "privata", "persona", "persona fisica", "cliente privato"]),
    "azienda": ("customer_type", "azienda", ["azienda", "ditta", "società", "partita iva", "cliente business"]),
    "ditta": ("customer_type", "azienda", ["ditta", "società", "impresa", "ditta individuale", "cooperativa"]),
    "field_name": ("field", "name", ["nome", "cognome"]),
    "field_contact": ("field", "contact", ["mail", "email"]),
    "field_mobile": ("field", "contact", ["numero", "cellulare"]),
    "field_company": ("field", "company_name", ["ragione sociale"]),
}
MAIL_HOSTS = [
    *("gmail.com", "libero.it", "hotmail.it", "hotmail.com", "virgilio.it", "alice.it", "tiscali.it", "yahoo.it"),
    *("outlook.it", "icloud.com", "tim.it", "email.it", "fastwebnet.it", "live.it", "inwind.it", "poste.it", "pec.it"),
]
MOBILE_STARTS = [
    *("320", "324", "327", "328", "329", "331", "333", "335", "338", "339", "340"),
    *("347", "348", "349", "351", "366", "380", "388", "389", "391", "392", "393"),
]


def main() -> None:
    """Compose every intent's examples with one seed, so that the same lexicon gives the same file."""
    maker = Maker(random.Random(SEED))
    frames = _sections("frames.txt")
    blocks = [f"- intent: {intent}\n  examples: |\n{_lines_of(maker, frames[intent], count)}"
              for intent, count in COUNTS.items()]
    (HERE / "composed.yml").write_text(f'{HEADER}version: "3.1"\n\nnlu:\n' + "\n".join(blocks), "utf-8")


def _lines_of(maker: Maker, frames: list[str], count: int) -> str:
    examples: dict[str, None] = {}
    while len(examples) < count:
        examples[maker.example(frames)] = None
    return "".join(f"    - {example}\n" for example in examples)


class Maker:
    """Fills the slots of a frame with names, companies and contacts, annotated."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._given = _lines("given_names.txt")
        self._family = _lines("family_names.txt")
        self._company = _sections("company_words.txt")
        self._spans: dict[str, tuple[str, Callable[[], str]]] = {
            "person": ("person", self._person),
            "given": ("person", self._one_given),
            "family": ("person", self._one_family),
            "company": ("company", self._one_company),
            "contact": ("contact", self._contact),
            "mail": ("contact", self._mail),
            "mobile": ("contact", self._mobile),
        }

    def example(self, frames: list[str]) -> str:
        """One annotated example; the whole line is at times in lower or in upper case, as people type."""
        frame = self._chance.choice(frames)
        case: Callable[[str], str] = self._chance.choice([str] * 50 + [str.lower] * 42 + [str.upper] * 8)
        return "".join(self._piece(part, case) for part in re.split(r"(\{\w+\})", frame))

    def _piece(self, part: str, case: Callable[[str], str]) -> str:
        if not part.startswith("{"):
            return case(part)
        slot = part[1:-1]
        if slot == "other":  # the name that is wrong: not to be taken
            return case(self._one_family())
        if slot in VALUED:
            entity, value, words = VALUED[slot]
            return f'[{case(self._chance.choice(words))}]{{"entity":"{entity}","value":"{value}"}}'
        entity, span = self._spans[slot]
        return f"[{case(span())}]({entity})"

    def _one_given(self) -> str:
        return self._chance.choice(self._given)

    def _one_family(self) -> str:
        return self._chance.choice(self._family)

    def _person(self) -> str:
        given = " ".join(self._chance.sample(self._given, 2 if self._chance.random() < 0.15 else 1))
        family = self._one_family()
        return f"{family} {given}" if self._chance.random() < 0.3 else f"{given} {family}"

    def _one_company(self) -> str:
        parts = {"given": self._given, "family": self._family, **self._company}
        pattern = self._chance.choice(self._company["pattern"])
        return re.sub(r"\{(\w+)\}", lambda slot: self._chance.choice(parts[slot[1]]), pattern)

    def _contact(self) -> str:
        return self._mail() if self._chance.random() < 0.5 else self._mobile()

    def _mail(self) -> str:
        given, family = _ascii(self._one_given()), _ascii(self._one_family())
        shape = self._chance.choice(["{g}.{f}", "{g}{f}", "{i}.{f}", "{f}{i}", "{g}{n}", "{f}.{g}", "{g}_{f}"])
        local = shape.format(g=given, f=family, i=given[0], n=self._chance.randint(40, 99))
        return f"{local}@{self._chance.choice(MAIL_HOSTS)}"

    def _mobile(self) -> str:
        digits = self._chance.choice(MOBILE_STARTS) + f"{self._chance.randrange(10**7):07d}"
        cuts = self._chance.choice([(10,), (3, 10), (3, 6, 10), (3, 5, 7, 10)])
        groups = [digits[start:end] for start, end in zip((0, *cuts), cuts, strict=False)]
        prefix = self._chance.choice(["", "", "", "", "+39 ", "+39"])
        return prefix + self._chance.choice("  -/.").join(groups)


def _lines(name: str) -> list[str]:
    return (LEXICON / name).read_text("utf-8").splitlines()


def _sections(name: str) -> dict[str, list[str]]:
    """The lines under each [title]; # begins a comment."""
    sections: dict[str, list[str]] = {}
    title = ""
    for line in filter(None, map(str.strip, _lines(name))):
        if line.startswith("[") and line.endswith("]"):
            title = line[1:-1]
        elif not line.startswith("#"):
            sections.setdefault(title, []).append(line)
    return sections


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z]", "", plain) or "info"


if __name__ == "__main__":
    main()
