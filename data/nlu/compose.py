"""Write composed.yml and lexicon/answers.txt: names, companies, data and phrases, put together from lexicon/."""

from __future__ import annotations

import itertools
import random
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).parent
LEXICON = HERE / "lexicon"
SEED = 20261123
COUNTS = {"give_name": 1300, "give_company_name": 1600, "give_contact": 320, "give_data": 950, "correct_data": 300}
ANSWERS = {"give_name": 2600, "give_company_name": 4600, "give_data": 800}
PHRASES_A_PATTERN = 12
RARE = 0.35  # share of names that come from more_names.txt
MISTYPED = 0.15  # share of the pieces around names that are mistyped
HEADER = "# Written by compose.py from lexicon/: change what is there and run it again.\n"

# A word that an annotation turns into a value: slot of the frame -> (entity, value, words).
VALUED = {
    "persona": (
        "customer_type",
        "persona",
        [
            *("privato", "privata", "persona", "persona fisica", "cliente privato", "privato cittadino", "pensionato"),
            *("persona privata", "singolo", "cittadino", "individuo", "cliente persona"),
        ],
    ),
    "azienda": (
        "customer_type",
        "azienda",
        [
            *("azienda", "ditta", "società", "partita iva", "cliente business", "impresa", "business", "p.iva"),
            *("ditta individuale", "cliente aziendale", "persona giuridica", "cooperativa", "associazione", "srl"),
        ],
    ),
    "ditta": (
        "customer_type",
        "azienda",
        [
            *("ditta", "società", "impresa", "ditta individuale", "cooperativa", "azienda", "srl", "snc", "sas"),
            *("azienda agricola", "associazione", "società di persone", "impresa familiare", "attività"),
        ],
    ),
    "partita iva": ("customer_type", "azienda", ["partita iva", "p.iva", "piva", "p. iva", "partitaiva"]),
    "field_name": ("field", "name", ["nome", "cognome"]),
    "field_contact": ("field", "contact", ["mail", "email", "posta", "e-mail", "casella di posta"]),
    "field_mobile": ("field", "contact", ["numero", "cellulare", "telefono", "recapito", "contatto"]),
    "field_company": ("field", "company_name", ["ragione sociale", "denominazione", "denominazione sociale"]),
    "field_type": ("field", "customer_type", ["tipo di cliente", "tipo", "profilo", "tipologia", "tipo cliente"]),
    "field_password": ("field", "password", ["password", "pass"]),
}
MAIL_HOSTS = [
    *("gmail.com", "libero.it", "hotmail.it", "hotmail.com", "virgilio.it", "alice.it", "tiscali.it", "yahoo.it"),
    *("outlook.it", "icloud.com", "tim.it", "email.it", "fastwebnet.it", "live.it", "inwind.it", "poste.it", "pec.it"),
]
MOBILE_STARTS = [
    *("320", "324", "327", "328", "329", "331", "333", "335", "338", "339", "340"),
    *("347", "348", "349", "351", "366", "380", "388", "389", "391", "392", "393"),
]
DIGITS = ["zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"]
SHORTHAND = {
    **{"non": "nn", "perché": "xke", "per": "x", "che": "ke", "sono": "sn", "comunque": "cmq", "come": "cm"},
    **{"numero": "num", "cellulare": "cell", "messaggio": "msg", "grazie": "grz", "tutto": "tt", "password": "psw"},
}
OPENERS = ["scusi, ", "scusa, ", "buongiorno, ", "ciao, ", "senta, ", "ma ", "e ", "salve, ", "mi scusi ", "allora "]
CLOSERS = [" grazie", ", grazie", " per favore", " per cortesia", " scusi", " grazie mille", "!", "...", " x favore"]
PLAIN = {"greet", "goodbye", "thank", "other_language", "insult"}  # said without courtesies around them


def main() -> None:
    """Compose every intent's examples with one seed, so that the same lexicon gives the same file."""
    maker = Maker(random.Random(SEED), _sections("company_words.txt"))
    frames, phrases = _sections("frames.txt"), _sections("phrases.txt")
    examples: dict[str, dict[str, None]] = {}
    for intent, count in COUNTS.items():
        made = examples.setdefault(intent, {})
        while len(made) < count:
            made[maker.example(frames[intent])] = None
    for intent, patterns in phrases.items():
        for pattern in patterns:
            examples.setdefault(intent, {}).update(dict.fromkeys(maker.phrases(pattern, intent not in PLAIN)))
    _drop_contradictions(examples)
    blocks = [
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {example}\n" for example in made if example)
        for intent, made in examples.items()
    ]
    (HERE / "composed.yml").write_text(f'{HEADER}version: "3.1"\n\nnlu:\n' + "\n".join(blocks), "utf-8")
    companies = _joined(_sections("company_words.txt"), _sections("more_companies.txt"))
    _compose_answers(Maker(random.Random(SEED), companies))


def _compose_answers(maker: Maker) -> None:
    """Names as they are given where they are asked for: no examples of an intent, so Rasa doesn't read them."""
    frames = _joined(_sections("frames.txt"), _sections("answer_frames.txt"))
    lines: dict[str, None] = {}
    for intent, count in ANSWERS.items():
        wanted = len(lines) + count
        while len(lines) < wanted:
            lines[f"{intent}\t{maker.example(frames[intent])}"] = None
    (LEXICON / "answers.txt").write_text(HEADER + "".join(f"{line}\n" for line in lines), "utf-8")


def _joined(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    return {title: [*one.get(title, []), *other.get(title, [])] for title in {**one, **other}}


def _drop_contradictions(examples: dict[str, dict[str, None]]) -> None:
    """Leave out what stands under another intent already: by hand first, then in the order of composing."""
    taken: dict[str, str] = {}
    for file in sorted(HERE.glob("*.yml")):
        if file.name != "composed.yml":
            for block in re.split(r"^- intent: ", file.read_text("utf-8"), flags=re.MULTILINE)[1:]:
                intent, *lines = block.splitlines()
                taken |= {
                    _plain(line.strip().removeprefix("- ")): intent for line in lines if line.startswith("    - ")
                }
    for intent, made in examples.items():
        for example in list(made):
            if taken.setdefault(_plain(example), intent) != intent:
                del made[example]


def _plain(example: str) -> str:
    """The words of an example without its annotations."""
    return re.sub(r"\[([^]]+)\](?:\([^)]*\)|\{[^}]*\})", r"\1", example)


class Maker:
    """Fills the slots of a frame with names, companies and contacts, annotated."""

    def __init__(self, chance: random.Random, companies: dict[str, list[str]]) -> None:
        """`companies`: the parts and patterns of a ragione sociale by name."""
        self._chance = chance
        self._given = _lines("given_names.txt")
        self._family = _lines("family_names.txt")
        self._company = _sections("company_words.txt")
        more = {title: ", ".join(lines).split(", ") for title, lines in _sections("more_names.txt").items()}
        self._company["town"] = _listed("towns.txt")
        self._last = {"given": "Ada", "family": "Neri"}  # those drawn last: people say a part of their name again
        self._rare = {title: [name.rstrip(",") for name in names] for title, names in more.items()}
        self._spans: dict[str, tuple[str, Callable[[], str]]] = {
            "person": ("person", self._person),
            "again": ("person", lambda: self._last["family"]),
            "given_again": ("person", lambda: self._last["given"]),
            "given": ("person", self._one_given),
            "family": ("person", self._one_family),
            "company": ("company", self._one_company),
            "formed": ("company", self._one_formed),
            "sole": ("company", self._person),  # a sole trader trades under the own name
            "contact": ("contact", self._contact),
            "mail": ("contact", self._mail),
            "mobile": ("contact", self._mobile),
            "spoken": ("contact", self._spoken),
            "wrong": ("contact", self._wrong),
        }
        self._meant_by_nobody = {  # not to be taken
            "other": self._one_family,
            "nickname": self._one_given,
            "other_company": self._one_company,
        }
        self._plain = {"vat": lambda: f"0{self._chance.randrange(10**9, 10**10)}"}

    def example(self, frames: list[str]) -> str:
        """One annotated example; the whole line is at times in lower or in upper case, as people type."""
        return self._mistyped(self._filled(self._chosen(self._chance.choice(frames))))

    def phrases(self, pattern: str, courteous: bool) -> list[str]:
        """Some of a pattern's sentences, so that each alternative of its longest choice is in about one of them."""
        widest = max((group.count("|") + 1 for group in re.findall(r"<[^<>]*>", pattern)), default=1)
        wanted = min(max(PHRASES_A_PATTERN, widest + 4), _combinations(pattern))
        made: dict[str, None] = {}
        turns = [itertools.cycle(self._chance.sample(options, len(options))) for options in _choices(pattern)]
        for _ in range(wanted * 3):
            if len(made) >= wanted:
                break
            sentence = pattern
            for turn in turns:
                sentence = re.sub(r"<[^<>]*>", next(turn).replace("\\", ""), sentence, count=1)
            sentence = _tidy(sentence)
            made[self._roughened(self._filled(sentence), courteous)] = None
        return [sentence for sentence in made if sentence]

    def _chosen(self, frame: str) -> str:
        return _tidy(re.sub(r"<([^<>]*)>", lambda group: self._chance.choice(group[1].split("|")), frame))

    def _filled(self, frame: str) -> str:
        case: Callable[[str], str] = self._chance.choice([str] * 50 + [str.lower] * 42 + [str.upper] * 8)
        return "".join(self._piece(part, case) for part in re.split(r"(\{[\w ]+\})", frame))

    def _roughened(self, sentence: str, courteous: bool) -> str:
        """As typed in a hurry: courtesies, shorthand, no question mark or accents, a slip of the finger."""
        chance = self._chance
        if courteous and chance.random() < 0.12:
            sentence = chance.choice(OPENERS) + sentence
        if courteous and chance.random() < 0.1 and not sentence.endswith("?"):
            sentence += chance.choice(CLOSERS)
        if chance.random() < 0.35:
            sentence = sentence.rstrip("?")
        if chance.random() < 0.15:
            sentence = sentence.replace("'", chance.choice(["", " ", "’"])) if "]" not in sentence else sentence
        if chance.random() < 0.1:
            sentence = " ".join(SHORTHAND.get(word, word) for word in sentence.split(" "))
        if chance.random() < 0.12 and "[" not in sentence:
            sentence = self._slip(sentence)
        if chance.random() < 0.3:
            sentence = sentence[:1].upper() + sentence[1:] if not sentence.startswith("[") else sentence
        return sentence.strip()

    def _mistyped(self, example: str) -> str:
        """With slips of the finger in what stands around the names: `mi chimao [Ada Neri](person)`."""
        pieces = re.split(r"(\[[^]]+\]\([^)]*\))", example)
        for at, piece in enumerate(pieces):
            if at % 2 == 0 and len(piece.strip()) > 3 and self._chance.random() < MISTYPED:
                inside = piece.strip()
                changed = inside.replace(" ", "", 1) if self._chance.random() < 0.2 else self._slip(inside)
                pieces[at] = piece.replace(inside, changed)
        return "".join(pieces)

    def _slip(self, sentence: str) -> str:
        places = [at for at in range(1, len(sentence) - 2) if sentence[at - 1 : at + 2].isalpha()]
        if not places:
            return sentence
        at = self._chance.choice(places)
        swapped = sentence[:at] + sentence[at + 1] + sentence[at] + sentence[at + 2 :]
        dropped = sentence[:at] + sentence[at + 1 :]
        doubled = sentence[:at] + sentence[at] + sentence[at:]
        return self._chance.choice([swapped, dropped, doubled])

    def _piece(self, part: str, case: Callable[[str], str]) -> str:
        if not part.startswith("{"):
            return case(part)
        slot = part[1:-1]
        if slot in self._meant_by_nobody:
            return case(self._meant_by_nobody[slot]())
        if slot in VALUED:
            entity, value, words = VALUED[slot]
            # Rasa's short form of {"entity": …, "value": …}: it parses the long one a hundred times more slowly.
            return f"[{case(self._chance.choice(words))}]({entity}:{value})"
        if slot in self._plain:
            return self._plain[slot]()
        if slot in self._company:
            return case(self._chance.choice(self._company[slot]))
        entity, span = self._spans[slot]
        return f"[{case(span())}]({entity})"

    def _one_given(self) -> str:
        return self._chance.choice(self._rare["given"] if self._chance.random() < RARE else self._given)

    def _one_family(self) -> str:
        return self._chance.choice(self._rare["family"] if self._chance.random() < RARE else self._family)

    def _person(self) -> str:
        given = " ".join(self._one_given() for _ in range(2 if self._chance.random() < 0.15 else 1))
        family = self._one_family()
        self._last = {"given": given, "family": family}
        if self._chance.random() < 0.06:
            family = f"{family} {self._one_family()}"
        return f"{family} {given}" if self._chance.random() < 0.3 else f"{given} {family}"

    def _one_company(self) -> str:
        return self._company_of(self._company["pattern"])

    def _one_formed(self) -> str:
        """One that ends with its legal form."""
        return self._company_of([pattern for pattern in self._company["pattern"] if pattern.endswith("{form}")])

    def _company_of(self, patterns: list[str]) -> str:
        parts = {"given": self._given, "family": self._family, **self._company}
        pattern = self._chance.choice(patterns)
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
        prefix = self._chance.choice(["", "", "", "", "+39 ", "+39", "0039 ", "0039"])
        return prefix + self._chance.choice("  -/.").join(groups)

    def _spoken(self) -> str:
        """An address or a number as dictated."""
        if self._chance.random() < 0.25:
            digits = re.sub(r"\D", "", self._mobile())[-10:]
            return " ".join(DIGITS[int(digit)] for digit in digits)
        local, host = self._mail().split("@")
        dot = self._chance.choice([" punto ", " punto ", "."])
        at = self._chance.choice(["chiocciola", "chiocciola", "at", "chioccola"])
        return f"{local} {at} {host}".replace(".", dot)

    def _wrong(self) -> str:
        """An address with a slip, a landline, a number from abroad: what the validators will tell apart."""
        local, host = self._mail().split("@")
        name = host.split(".")[0]
        return self._chance.choice(
            [
                *(f"{local}@{name}", f"{local}@{name},it", f"{local} @ {host}", f"{local}@@{host}"),
                *(f"02 {self._chance.randrange(10**7, 10**8)}", f"+40 7{self._chance.randrange(10**7, 10**8)}"),
                *(f"06{self._chance.randrange(10**6, 10**8)}", f"333{self._chance.randrange(10**4, 10**6)}"),
            ]
        )


def _choices(pattern: str) -> Iterable[list[str]]:
    return [group.split("|") for group in re.findall(r"<([^<>]*)>", pattern)]


def _combinations(pattern: str) -> int:
    count = 1
    for options in _choices(pattern):
        count *= len(options)
    return count


def _tidy(sentence: str) -> str:
    """Without the blanks that a left-out part leaves behind."""
    return re.sub(r"(?<=\w') (?=\S)|\s+(?=[,.!?;:])", "", " ".join(sentence.split())).strip(" ,")


def _lines(name: str) -> list[str]:
    return (LEXICON / name).read_text("utf-8").splitlines()


def _listed(name: str) -> list[str]:
    """The entries of a file of `a, b, c,` lines."""
    lines = (line for line in _lines(name) if not line.startswith("#"))
    return [entry for line in lines for entry in line.strip().rstrip(",").split(", ")]


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
