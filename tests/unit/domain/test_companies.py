"""Companies: cleaning of the ragione sociale, legal forms, sameness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.companies import CompanyKey, canonical_company, clean_company, close_company, same_company
from areaclienti.domain.names import NameRejected

BASE = st.sampled_from(
    ["Officine Ferrara", "Fratelli Bianchi", "A & B", "Caffè Italia", "Studio 33", "L'Aquila Trasporti"]
)
SPELLINGS = {
    "srl": ["S.r.l.", "srl", "SRL", "S. R. L.", "s.r.l", "Società a responsabilità limitata", "S.r.l. unipersonale"],
    "srls": ["S.r.l.s.", "srls", "S.r.l. semplificata", "società a responsabilità limitata semplificata"],
    "spa": ["S.p.A.", "spa", "Società per azioni", "Soc. per azioni", "S.P.A. con socio unico"],
    "sas": ["s.a.s.", "SAS", "società in accomandita semplice", "S.a.s. di Verdi Anna & C."],
    "snc": ["s.n.c.", "Snc", "società in nome collettivo", "snc di Bruno e Anna Verdi"],
    "coop": ["soc. coop.", "Società Cooperativa", "Soc.Coop. a r.l.", "società cooperativa sociale"],
}
FORMS = st.sampled_from(sorted(SPELLINGS))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Officine   Ferrara S.r.l. ", "Officine Ferrara S.r.l."),
        ("la mia azienda si chiama Delta srl", "Delta srl"),
        ("Ragione sociale: Alfa S.p.A.", "Alfa S.p.A."),
        ("«Il Gatto» srl", '"Il Gatto" srl'),
        ("L’Aquila Trasporti", "L'Aquila Trasporti"),
        ("3M", "3M"),
        ("Non Solo Pane", "Non Solo Pane"),
        ("Che Buono srl", "Che Buono srl"),
        ("=Alfa srl", "Alfa srl"),
    ],
)
def test_a_company_is_shown_as_typed_without_what_surrounds_it(typed: str, shown: str) -> None:
    assert clean_company(typed) == shown


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        ("Alfa " * 40, "too_long"),
        ("S.r.l.", "not_a_name"),
        ("7", "not_a_name"),
        ("12345", "not_a_name"),
        ("00743110157", "not_a_name"),
        ("info@example.com", "not_a_name"),
        ("<b>Alfa</b> srl", "not_a_name"),
        ("Alfa 😀 srl", "not_a_name"),
        ("non lo so", "not_a_name"),
        ("che cos'è la ragione sociale?", "not_a_name"),
        ("voglio registrarmi", "not_a_name"),
        ("Аlfa srl", "not_a_name"),  # the first letter is Cyrillic
    ],
)
def test_what_is_no_company_is_rejected_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(NameRejected) as rejected:
        clean_company(typed)
    assert rejected.value.reason == reason


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Officine Ferrara S.r.l.", CompanyKey("officineferrara", "srl")),
        ("F.lli Bianchi snc", CompanyKey("fratellibianchi", "snc")),
        ("Autofficina Rossi s.a.s. di Rossi Mario & C.", CompanyKey("autofficinarossi", "sas")),
        ("Rossi Mario & C. s.n.c.", CompanyKey("rossimario", "snc")),
        ("A.S.D. Virtus", CompanyKey("virtus", "asd")),
        ("Bolzano Bau Srl - GmbH", CompanyKey("bolzanobau", "srl")),
        ("Il Sole Società Cooperativa Sociale a r.l. Onlus", CompanyKey("ilsole", "coop")),
        ("Rossi S.r.l. in liquidazione", CompanyKey("rossi", "srl")),
        ("Spa Benessere", CompanyKey("spabenessere", None)),
        ("Società Agricola Rossi S.S.", CompanyKey("rossi", "ss")),
        ("", CompanyKey("", None)),
    ],
)
def test_the_key_is_the_name_without_its_legal_form(typed: str, key: CompanyKey) -> None:
    assert canonical_company(typed) == key


@pytest.mark.parametrize(
    ("typed", "on_file", "same"),
    [
        ("Autofficina Rossi", "Autofficina Rossi s.a.s. di Rossi Mario & C.", True),
        ("Autofficina Rossi di Rossi Mario", "Autofficina Rossi s.a.s. di Rossi Mario & C.", True),
        ("Autofficina Rossi sas di Mario Rossi", "Autofficina Rossi s.a.s. di Rossi Mario & C.", True),
        ("Autofficina Rossi sas di Verdi Anna", "Autofficina Rossi s.a.s. di Rossi Mario & C.", False),
        ("Autofficina Rossi di Rossi Mario & C. sas", "Autofficina Rossi s.a.s. di Rossi Mario & C.", True),
        ("Autofficina Rossi di Rossi Mario & C. snc", "Autofficina Rossi s.a.s. di Rossi Mario & C.", False),
        ("Facchini Riuniti società cooperativa", "Soc. Coop. Facchini Riuniti a r.l.", True),
        ("Le Querce ss agricola", "Società Agricola Le Querce S.S.", True),
        ("Cantine Torre Soc. Agr. a r.l.", "Cantine Torre Società Agricola S.r.l.", True),
        ("Società Agricola srl", "Delta Società Agricola srl", False),
        ("Delta srls", "Delta srl", False),
        ("Delta spa", "Delta srl", False),
        ("Delta", "Delta srl", True),
        ("Deltas", "Delta srl", False),
        ("S.p.A. Delta", "Delta S.p.A.", True),
        ("SPA Delta", "DELTA SOCIETA' PER AZIONI", True),
        ("Spa Benessere", "Benessere", False),
        ("Spa Benessere", "Benessere srl", False),
        ("Beauty Spa", "Beauty Spa S.r.l.", True),
        ("Beauty", "Beauty Spa S.r.l.", False),
        ("Beauty spa", "Beauty srl", False),
        ("S.a.s. Bar Sport di Rossi Mario & C.", "Bar Sport s.a.s. di Rossi Mario & C.", True),
        ("Bar Sport snc di Dell Acqua Rita", "BAR SPORT S.N.C. DI DELL'ACQUA RITA & C.", True),
        ("Rossi Mario and C. snc", "Rossi Mario & C. S.n.c.", True),
        ("Rossi and Bianchi srl", "Rossi & Bianchi S.r.l.", True),
        ("Delta di Rossi Mario & C..", "Delta di Rossi Mario & C.", True),
        ("F.lli Ferrari coop sociale", "Soc. Coop. Sociale F.lli Ferrari", True),
        ("Delta soc coop arl", "DELTA SOC. COOP. A R.L.", True),
        ("Delta S. Coop.", "Delta società cooperativa", True),
        ("Edizioni", "Edizioni Scoop", False),
        ("S.r.l. S.S.Z. Engineering", "S.S.Z. Engineering srl", True),
        ("Srl S.N. Ricambi", "S.N. Ricambi S.r.l.", True),
        ("Antonella Rossi", "ROSSI ANTONELLA DITTA IND.", True),
        ("Mario Deluca ditta individuale", "DE LUCA MARIO", True),
        ("Antonella Rossi snc", "Rossi Antonella snc", False),
        ("Antonella Rossi", "ROSSI ANTONIA DITTA IND.", False),
        ("Rossi Bianchi", "Bianchi Rossi", False),
        ("srl", "srl", False),
        ("", "", False),
    ],
)
def test_a_form_may_be_missing_but_not_differ(typed: str, on_file: str, same: bool) -> None:
    assert same_company(typed, on_file) is same
    assert same_company(on_file, typed) is same


@pytest.mark.parametrize(
    ("typed", "close"),
    [
        ("Oficine Ferara", True),
        ("Officine Ferrari srl", True),
        ("Officine Ferrari spa", False),
        ("Officine Verdi", False),
    ],
)
def test_behind_a_tax_code_two_letters_are_forgiven(typed: str, close: bool) -> None:
    assert close_company(typed, "Officine Ferrara S.r.l.") is close


@pytest.mark.parametrize(
    ("typed", "on_file", "close"),
    [
        ("Fennice sas di Martini Dario & C.", "FENICE DI MARTINI DARIO & C. SAS", True),
        ("Fenice sas di Martini Dari", "FENICE S.A.S. DI MARTINI DARIO & C.", True),
        ("Fenice sas di Verdi Anna", "FENICE S.A.S. DI MARTINI DARIO & C.", False),
        ("F.llii Galli srl", "F.LLI GALLI SRL", True),
        ("Fenice 1 srl", "FENICE 2 SRL", False),
        ("Il Mulino srl", "MULINO SRL", True),
        ("Energia", "LA ENERGIA SRL", True),
        ("Energia", "L.A. ENERGIA SRL", False),
        ("Energia", "T.A. ENERGIA SRL", False),
    ],
)
def test_behind_a_tax_code_partners_numbers_and_words_must_be_right(typed: str, on_file: str, close: bool) -> None:
    assert close_company(typed, on_file) is close
    assert close_company(on_file, typed) is close


def test_short_company_names_are_not_forgiven_letters() -> None:
    assert not close_company("ABC srl", "ABD srl")


@given(st.text(max_size=200) | st.text("srlspancdi. &'ABC", max_size=60))
def test_no_text_breaks_the_rules_and_cleaning_twice_changes_nothing(text: str) -> None:
    key = canonical_company(text)
    assert key.name == "" or key.name.isalnum()
    same_company(text, text)
    try:
        name = clean_company(text)
    except NameRejected:
        return
    assert clean_company(name) == name
    assert canonical_company(name).name
    assert same_company(name, name)
    assert name[0] not in "=+@-"  # no formula for a spreadsheet


@given(BASE, FORMS, st.data())
def test_every_spelling_of_a_form_gives_one_company(base: str, form: str, data: st.DataObject) -> None:
    one, other = (f"{base} {data.draw(st.sampled_from(SPELLINGS[form]))}" for _ in range(2))
    assert canonical_company(one) == canonical_company(other.upper().replace("'", "’"))
    assert canonical_company(one).legal_form == form
    assert same_company(one, other)
    assert same_company(base, other)


@given(BASE, FORMS, st.data())
def test_a_form_may_stand_before_the_name(base: str, form: str, data: st.DataObject) -> None:
    plain = [one for one in SPELLINGS[form] if " di " not in one and "uni" not in one]
    before, after = (data.draw(st.sampled_from(plain)) for _ in range(2))
    assert same_company(f"{before} {base}", f"{base} {after}")


@given(BASE, FORMS, FORMS, st.data())
def test_two_forms_are_two_companies(base: str, one: str, other: str, data: st.DataObject) -> None:
    left, right = (f"{base} {data.draw(st.sampled_from(SPELLINGS[form]))}" for form in (one, other))
    assert same_company(left, right) is (one == other)
