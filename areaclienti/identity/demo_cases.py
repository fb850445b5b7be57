"""The demo customers with a name and a story: one for each case that the manual knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from stdnum import luhn

# Of the demo's own customers, who are nobody: so that one can see the sign-in without registering first.
DEMO_PASSWORD = "Lampada-Verde7"

AccountState = Literal["none", "waits_for_first_access", "confirmed"]


@dataclass(frozen=True)
class Birth:
    """What a codice fiscale is computed from."""

    gender: Literal["M", "F"]
    day: str  # YYYY-MM-DD
    place: str
    omocode: bool = False  # the registry holds a replacement code, as for two people whose codes coincide


@dataclass(frozen=True)
class Case:
    """One customer on file and what to try with him. The first contact is the one to register with.

    A company of one person has that person's name and birth too. `policies`: how many, all of them with
    `policy_status`. `account`: whether there is one, with the first contact as username.
    """

    code: str
    story: str
    given_name: str = ""
    family_name: str = ""
    birth: Birth | None = None
    company_name: str = ""
    partita_iva: str = ""
    company_codice_fiscale: str = ""
    contacts: tuple[str, ...] = ()
    device_contact: str = ""
    policies: int = 1
    policy_status: str = "attiva"
    account: AccountState = "none"

    @property
    def type(self) -> str:
        return "azienda" if self.company_name else "persona"

    @property
    def name(self) -> str:
        return self.company_name or f"{self.given_name} {self.family_name}"

    @cached_property
    def codice_fiscale(self) -> str:
        if self.birth is None:
            return self.company_codice_fiscale
        return encode_codice_fiscale(self.given_name, self.family_name, self.birth)


def encode_codice_fiscale(given_name: str, family_name: str, birth: Birth) -> str:
    """The code of a person, or the first of its omocodes. Raises ValueError for a birth place that doesn't exist."""
    from codicefiscale import codicefiscale  # slow to import, and every start reads this module

    code: str = codicefiscale.encode(
        lastname=family_name, firstname=given_name, gender=birth.gender, birthdate=birth.day, birthplace=birth.place
    )
    return str(codicefiscale.decode(code)["omocodes"][1]) if birth.omocode else code


def make_partita_iva(number: int) -> str:
    """A valid partita IVA for a firm's running number (below ten million), of the office of Rome."""
    base = f"{number:07d}058"
    return base + str(luhn.calc_check_digit(base))


CASES: tuple[Case, ...] = (
    Case(
        "DEMO-0001",
        "Registers with the e-mail or with the mobile; the shortest way through (manual A)",
        "Mario",
        "Rossi",
        Birth("M", "1980-01-01", "Roma"),
        contacts=("mario.rossi@example.com", "+393201234600"),
        policies=2,
    ),
    Case(
        "DEMO-0002",
        "No mobile on file: registers by e-mail and is told about the first access (manual 10a)",
        "Elena",
        "Bianchi",
        Birth("F", "1991-06-14", "Milano"),
        contacts=("elena.bianchi@example.org",),
    ),
    Case(
        "DEMO-0003",
        "Four contacts: give a contact that is not on file, then the codice fiscale, and choose one (manual 2c-5c)",
        "Michele",
        "Verdi",
        Birth("M", "1967-03-18", "Napoli"),
        contacts=("michele.verdi@gmx-posta.example", "18mverdi@msg.example", "+393207654600", "+393207654450"),
        policies=3,
    ),
    Case(
        "DEMO-0004",
        "Only an expired policy: not recognised, in the same words as a stranger (manual A)",
        "Giulia",
        "De Santis",
        Birth("F", "1975-11-02", "Firenze"),
        contacts=("giulia.desantis@example.com", "+393331204004"),
        policy_status="scaduta",
    ),
    Case(
        "DEMO-0005",
        "No policy at all: not recognised (manual A)",
        "Davide",
        "Longo",
        Birth("M", "1988-08-08", "Bari"),
        contacts=("davide.longo@example.com",),
        policies=0,
    ),
    Case(
        "DEMO-0006",
        "Shares the family's e-mail with Anna Ferri: either may register with it, the other then can't (manual 4a)",
        "Paolo",
        "Ferri",
        Birth("M", "1962-05-23", "Bologna"),
        contacts=("famiglia.ferri@example.org", "+393471106006"),
        policies=2,
    ),
    Case(
        "DEMO-0007",
        "Shares the family's e-mail with Paolo Ferri",
        "Anna",
        "Ferri",
        Birth("F", "1964-09-30", "Modena"),
        contacts=("famiglia.ferri@example.org", "+393471107007"),
    ),
    Case(
        "DEMO-0008",
        "Has an account whose username is the e-mail that her brother Luca gave too; first access still to come",
        "Sara",
        "Gallo",
        Birth("F", "1979-12-12", "Torino"),
        contacts=("studio.gallo@example.com", "+393381108008"),
        account="waits_for_first_access",
    ),
    Case(
        "DEMO-0009",
        "His e-mail is Sara Gallo's username: not recognised; by codice fiscale he gets his mobile offered (manual 3c)",
        "Luca",
        "Gallo",
        Birth("M", "1983-02-27", "Torino"),
        contacts=("studio.gallo@example.com", "+393381109009"),
    ),
    Case(
        "DEMO-0010",
        "Has an account: a second registration is not recognised; signs in, first access by code (manual 8a, 9a)",
        "Francesca",
        "Romano",
        Birth("F", "1970-07-07", "Palermo"),
        contacts=("francesca.romano@example.com", "+393401110010"),
        policies=4,
        account="waits_for_first_access",
    ),
    Case(
        "DEMO-0011",
        "Has an account with its first access made: signs in without a code",
        "Stefano",
        "Marino",
        Birth("M", "1958-04-19", "Genova"),
        contacts=("stefano.marino@example.com", "+393491111011"),
        device_contact="+393491111011",
        policies=3,
        account="confirmed",
    ),
    Case(
        "DEMO-0012",
        "Has an account and no mobile: the sign-in sends to the consultant (manual 10a)",
        "Carla",
        "Fontana",
        Birth("F", "1949-10-05", "Verona"),
        contacts=("carla.fontana@example.org",),
        account="waits_for_first_access",
    ),
    Case(
        "DEMO-0013",
        "Two given names and a particle: Maria Grazia De Luca, de luca mariagrazia, Deluca Maria Grazia",
        "Maria Grazia",
        "De Luca",
        Birth("F", "1955-01-25", "Salerno"),
        contacts=("mariagrazia.deluca@example.com", "+393281113013"),
    ),
    Case(
        "DEMO-0014",
        "Accent and apostrophe: Nicolò D'Angelo, nicolo' d’angelo, DANGELO NICOLO",
        "Nicolò",
        "D'Angelo",
        Birth("M", "1994-03-03", "Catania"),
        contacts=("nicolo.dangelo@example.com", "+393921114014"),
    ),
    Case(
        "DEMO-0015",
        "Umlaut and a German given name: Jürgen Pichler, Jurgen Pichler",
        "Jürgen",
        "Pichler",
        Birth("M", "1972-02-11", "Bolzano"),
        contacts=("juergen.pichler@example.org", "+393351115015"),
    ),
    Case(
        "DEMO-0016",
        "Father of the same name and e-mail as his son: the codice fiscale tells them apart (manual 2c)",
        "Giovanni",
        "Russo",
        Birth("M", "1951-06-24", "Lecce"),
        contacts=("giovanni.russo@example.com", "+393391116016"),
    ),
    Case(
        "DEMO-0017",
        "Son of the same name and e-mail as his father",
        "Giovanni",
        "Russo",
        Birth("M", "1985-06-24", "Lecce"),
        contacts=("giovanni.russo@example.com", "+393391117017"),
    ),
    Case(
        "DEMO-0018",
        "No contact on file: the assistant hands over to a person, or sends to the consultant (manual 5c, 6c)",
        "Roberto",
        "Conti",
        Birth("M", "1946-12-31", "Perugia"),
    ),
    Case(
        "DEMO-0019",
        "Her mobile confirms her operations (recapito dispositivo): nobody else may take it (manual 4a)",
        "Silvia",
        "Greco",
        Birth("F", "1969-08-17", "Reggio di Calabria"),
        contacts=("silvia.greco@example.com", "+393661119019"),
        device_contact="+393661119019",
    ),
    Case(
        "DEMO-0020",
        "His mobile is Silvia Greco's recapito dispositivo: not recognised with it, recognised with the e-mail",
        "Marco",
        "Greco",
        Birth("M", "1998-05-01", "Roma"),
        contacts=("+393661119019", "marco.greco@example.com"),
    ),
    Case(
        "DEMO-0021",
        "The registry holds an omocode: only that very code identifies her (manual 2c)",
        "Laura",
        "Colombo",
        Birth("F", "1990-09-09", "Como", omocode=True),
        contacts=("laura.colombo@example.com", "+393451121021"),
    ),
    Case(
        "DEMO-0022",
        "Only a mobile on file: registers by SMS",
        "Antonio",
        "Esposito",
        Birth("M", "1977-07-16", "Napoli"),
        contacts=("+393471122022",),
        policies=2,
    ),
    Case(
        "DEMO-0023",
        "A company: srl, Società a responsabilità limitata or no form at all, but no other form (manual B)",
        company_name="Officine Ferrara S.r.l.",
        partita_iva=make_partita_iva(1_020_023),
        company_codice_fiscale=make_partita_iva(1_020_023),
        contacts=("amministrazione@officineferrara.example", "+393351123023"),
        policies=3,
    ),
    Case(
        "DEMO-0024",
        "The partners after the form may be left out: Autofficina Rossi sas",
        company_name="Autofficina Rossi s.a.s. di Rossi Mario & C.",
        partita_iva=make_partita_iva(1_020_024),
        company_codice_fiscale=make_partita_iva(1_020_024),
        contacts=("info@autofficinarossi.example", "+393471124024"),
    ),
    Case(
        "DEMO-0025",
        "A firm without legal form; give its partita IVA when it isn't recognised",
        company_name="Studio Legale Conti",
        partita_iva=make_partita_iva(1_020_025),
        contacts=("segreteria@studiolegaleconti.example",),
    ),
    Case(
        "DEMO-0026",
        "Codice fiscale and partita IVA differ: either identifies it (manual 2c)",
        company_name="Il Sole Società Cooperativa",
        partita_iva=make_partita_iva(1_020_026),
        company_codice_fiscale=make_partita_iva(9_010_026),
        contacts=("coop@ilsole.example", "ufficio@ilsole.example"),
        policies=2,
    ),
    Case(
        "DEMO-0027",
        "A company whose policy was cancelled: not recognised (manual B)",
        company_name="Trasporti Veloci S.p.A.",
        partita_iva=make_partita_iva(1_020_027),
        company_codice_fiscale=make_partita_iva(1_020_027),
        contacts=("info@trasportiveloci.example",),
        policy_status="annullata",
    ),
    Case(
        "DEMO-0028",
        "Mario Rossi's own firm: the same codice fiscale and the same mobile, another kind of customer",
        "Mario",
        "Rossi",
        Birth("M", "1980-01-01", "Roma"),
        company_name="Idraulica Rossi di Rossi Mario",
        partita_iva=make_partita_iva(1_020_028),
        contacts=("idraulica.rossi@example.com", "+393201234600"),
    ),
)
