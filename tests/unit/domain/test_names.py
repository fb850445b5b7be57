"""Names of persons: cleaning, splitting, canonical key, sameness, closeness."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from areaclienti.domain.edits import edits
from areaclienti.domain.names import (
    MAX_LENGTH,
    NameRejected,
    PersonName,
    canonical_name,
    clean_name,
    close_person,
    same_person,
    split_full_name,
    with_part_corrected,
)
from areaclienti.domain.wordlists import word_set

GIVEN = st.sampled_from(sorted(word_set("given_names")))
SURNAME = st.sampled_from(
    """Rossi|Bianchi|De Luca|D'Angelo|Dell'Acqua|Lo Presti|Di Marzio|Fabbri|Zanetti|Verdi Neri|Nicolò|Müller|Esposito|
    Cappelletti|De' Medici|Sant'Agata|La Rocca|Della Valle|Grassi""".replace("\n    ", "").split("|")
)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("mario ROSSI", "Mario Rossi"),
        ("  Mario   Rossi ", "Mario Rossi"),
        ("de luca", "De Luca"),
        ("D'angelo", "D'Angelo"),
        ("d’ angelo", "D'Angelo"),
        ("dell´acqua", "Dell'Acqua"),
        ("DELL` ACQUA", "Dell'Acqua"),
        ("nicolo'", "Nicolo'"),
        ("NICOLÒ", "Nicolò"),
        ("de' medici", "De' Medici"),
        ("maria-grazia", "Maria-Grazia"),
        ("maria – grazia", "Maria Grazia"),
        ("McDonald", "McDonald"),
        ("mArIO", "Mario"),
        ("ßa", "Ssa"),
        ("ha", "Ha"),  # a family name in Vietnam, as Ma is in China
        ("Iva", "Iva"),
        ("Bisogno", "Bisogno"),
        ("Dott.ssa Maria Rossi", "Maria Rossi"),
        ("DOTT. ROSSI", "Rossi"),
        ("sig. avv. rossi", "Rossi"),
        ("Ingrassia", "Ingrassia"),
        ("Sigismondo", "Sigismondo"),
        ("Mario.", "Mario"),
        ("«Mario»", "Mario"),
        ("Maria G.", "Maria G."),
        ("mi chiamo mario", "Mario"),
        ("Buongiorno, sono Mario Rossi!", "Mario Rossi"),
        ("Buongiorno", "Buongiorno"),
        ("il mio cognome è Rossi", "Rossi"),
        ("Ortega Y Gasset", "Ortega y Gasset"),
        ("Ｍａｒｉｏ", "Mario"),
        ("Ma\u200brio", "Mario"),
        ("Łukasz", "Łukasz"),
        ("Lei", "Lei"),
        ("De Santis ved. Moroni", "De Santis"),
        ("anna de santis vedova moroni", "Anna De Santis"),
    ],
)
def test_a_name_is_shown_as_its_bearer_would_write_it(typed: str, shown: str | None) -> None:
    if shown is None:
        with pytest.raises(NameRejected):
            clean_name(typed)
    else:
        assert clean_name(typed) == shown


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        (" \t\n\u200b", "empty"),
        ("Ma" * 41, "too_long"),
        ("A", "not_a_name"),
        ("G.B.", "not_a_name"),
        ("Mario1", "not_a_name"),
        ("mario@example.com", "not_a_name"),
        ("Mario 😀 Rossi", "not_a_name"),
        ("<b>Mario</b>", "not_a_name"),
        ("=cmd|' /C calc'!A0", "not_a_name"),
        ("Mаrio", "not_a_name"),  # the second letter is Cyrillic
        ("Μαρία", "not_a_name"),
        ("voglio registrarmi", "not_a_name"),
        ("che cosa devo fare", "not_a_name"),
        ("non lo so", "not_a_name"),
        ("boh", "not_a_name"),
        ("aiuto", "not_a_name"),
        ("sig.ra", "not_a_name"),
        ("sono interessato", "not_a_name"),
        ("aaaaaa", "not_a_name"),
        ("...", "not_a_name"),
        ("'", "not_a_name"),
    ],
)
def test_what_is_no_name_is_rejected_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(NameRejected) as rejected:
        clean_name(typed)
    assert rejected.value.reason == reason
    assert str(rejected.value) == reason


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Mario Rossi", ("Mario", "Rossi")),
        ("Rossi Mario", ("Mario", "Rossi")),
        ("rossi mario giovanni", ("Mario Giovanni", "Rossi")),
        ("Maria Grazia De Luca", ("Maria Grazia", "De Luca")),
        ("De Luca Maria Grazia", ("Maria Grazia", "De Luca")),
        ("Rossi, Mario", ("Mario", "Rossi")),
        ("Mario, Rossi", ("Mario", "Rossi")),
        ("Nome: Mario Cognome: Rossi", ("Mario", "Rossi")),
        ("Cognome: Rossi, Nome: Mario", ("Mario", "Rossi")),
        ("il mio nome è Mario e il cognome è Rossi", ("Mario", "Rossi")),
        ("nome e cognome: Mario Rossi", ("Mario", "Rossi")),
        ("ciao, mi chiamo mario rossi", ("Mario", "Rossi")),
        ("Anna Maria Bianchi Rossi", ("Anna Maria", "Bianchi Rossi")),
        ("Gian Carlo D' Angelo", ("Gian Carlo", "D'Angelo")),
        ("nicolo' de' medici", ("Nicolo'", "De' Medici")),
        ("Lo Presti Salvatore", ("Salvatore", "Lo Presti")),
        ("Xhen Dao", ("Xhen", "Dao")),
        ("Santa Rossi", ("Santa", "Rossi")),
        ("Nello Di Santa", ("Nello", "Di Santa")),
        ("Rossi Martino", ("Martino", "Rossi")),
        ("Mario\nRossi", ("Mario", "Rossi")),
        ("Mario", None),
        ("De Luca", None),
        ("non capisco", None),
        ("Mario Rossi 333", None),
        ("", None),
    ],
)
def test_a_full_name_is_split_in_either_order(typed: str, name: tuple[str, str] | None) -> None:
    assert split_full_name(typed) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nicolò", "NICOLO'"),
        ("De Luca", "deluca"),
        ("D'Angelo", "d’angelo"),
        ("D´Angelo", "Dangelo"),
        ("Maria Grazia", "Mariagrazia"),
        ("Maria-Grazia", "maria grazia"),
        ("Dott.ssa Anna", "Anna"),
        ("Niccolo\u0300", "Niccolò"),
        ("Ｍario", "Mario"),
        ("Strauß", "Strauss"),
        ("De Santis ved. Moroni", "De Santis"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert canonical_name(one) == canonical_name(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Mario", "Maria"), ("Rossi", "Rosso"), ("Paolo", "Paola"), ("De Luca", "Di Luca"), ("Daniele", "Daniela")],
)
def test_near_names_have_different_keys(one: str, other: str) -> None:
    assert canonical_name(one) != canonical_name(other)


def test_given_and_family_name_may_be_swapped_but_not_differ() -> None:
    mario = PersonName("Mario", "Rossi")
    assert same_person(mario, PersonName("ROSSI", "mario"))
    assert same_person(PersonName("Maria", "Grazia De Luca"), PersonName("Maria Grazia", "Deluca"))
    assert not same_person(mario, PersonName("Maria", "Rossi"))
    assert not same_person(mario, PersonName("Mario", "Russo"))
    assert not same_person(mario, PersonName("Mario", ""))


@pytest.mark.parametrize(
    ("name", "part", "now"),
    [
        (("Esposito", "Genaro"), "gennaro", ("Gennaro", "Esposito")),
        (("Mario", "Rosi"), "Rossi", ("Mario", "Rossi")),
        (("Mario", "Rossi"), "Maria", ("Maria", "Rossi")),
        (("Mario", "Rossi"), "Luca", ("Luca", "Rossi")),
        (("Mario", "Rossi"), "Bianchi", ("Mario", "Bianchi")),
        (("Anna", "De Luca"), "di luca", ("Anna", "Di Luca")),
        (("Xhensila", "Hoxha"), "Xhensilla", ("Xhensilla", "Hoxha")),
    ],
)
def test_a_part_written_anew_replaces_what_it_resembles(name: tuple[str, str], part: str, now: tuple[str, str]) -> None:
    assert with_part_corrected(PersonName(*name), part) == now


def test_an_empty_name_is_nobody() -> None:
    assert not same_person(PersonName("", ""), PersonName("", ""))
    assert not same_person(PersonName("'", "-"), PersonName("-", "'"))
    assert not close_person(PersonName("", ""), PersonName("", ""))


@pytest.mark.parametrize(
    ("typed", "on_file", "close"),
    [
        (PersonName("Maria", "De Luca"), PersonName("Maria Grazia", "De Luca"), True),
        (PersonName("Grazia", "De Luca"), PersonName("Maria Grazia", "De Luca"), True),
        (PersonName("De Luca", "Maria"), PersonName("Maria Grazia", "De Luca"), True),
        (PersonName("Maria Grazia", "De Luca"), PersonName("Maria", "De Luca"), False),
        (PersonName("Carlo", "Bassi"), PersonName("Gian Carlo", "Bassi"), False),
        (PersonName("Paola", "Orto"), PersonName("Paola", "Dell'Orto"), False),
        (PersonName("Orto", "Paola"), PersonName("Paola", "Dell'Orto"), False),
        (PersonName("Mario", "Rosi"), PersonName("Mario", "Rossi"), True),
        (PersonName("Mraio", "Rossi"), PersonName("Mario", "Rossi"), True),
        (PersonName("Mraio", "Rosis"), PersonName("Mario", "Rossi"), False),
        (PersonName("Ana", "Rossi"), PersonName("Anna", "Rossi"), True),
        (PersonName("Mohamed", "Benali"), PersonName("Mohammed", "Benali"), True),
        (PersonName("Josef", "Muller"), PersonName("Josef", "Mueller"), True),
        (PersonName("Maria", "Rossi"), PersonName("Mario", "Rossi"), False),
        (PersonName("Rossi", "Maria"), PersonName("Mario", "Rossi"), False),
        (PersonName("Daniela", "Rossi"), PersonName("Daniele", "Rossi"), False),
        (PersonName("Cristina", "Rossi"), PersonName("Christian", "Rossi"), False),
        (PersonName("Maria Rosa", "Rossi"), PersonName("Mario Rosa", "Rossi"), False),
        (PersonName("Marta", "Rosi"), PersonName("Mario", "Rossi"), False),
        (PersonName("Ugo", "Rossi"), PersonName("Ivo", "Rossi"), False),
        (PersonName("Maria", "De Luca"), PersonName("Maria Grazia", "Di Lauro"), False),
        (PersonName("Mario", "Verdi"), PersonName("Mario", "Rossi"), False),
    ],
)
def test_behind_a_tax_code_a_slip_or_a_second_name_left_out_is_forgiven_and_a_relative_is_not(
    typed: PersonName, on_file: PersonName, close: bool
) -> None:
    assert close_person(typed, on_file) is close


@pytest.mark.parametrize(
    ("typed", "on_file", "same"),
    [
        (PersonName("Josef", "Mueller"), PersonName("Josef", "Müller"), True),
        (PersonName("Josef", "Muller"), PersonName("Josef", "Müller"), True),
        (PersonName("MÜLLER", "JOSEF"), PersonName("JOSEF", "MUELLER"), True),
        (PersonName("Søren", "Nygård"), PersonName("SOEREN", "NYGAARD"), True),
        (PersonName("Josef", "Mueller"), PersonName("JOSEF", "MULLER"), False),
        (PersonName("Anna", "Rosi"), PersonName("ANNA", "ROSI IN RICCI"), True),
        (PersonName("Anna", "Rosi Innocenti"), PersonName("Anna", "Rosi"), False),
        (PersonName("Anna", "Rosi Vedovato"), PersonName("Anna", "Rosi"), False),
    ],
)
def test_one_name_may_have_two_plain_spellings_or_a_husbands_after_it(
    typed: PersonName, on_file: PersonName, same: bool
) -> None:
    assert same_person(typed, on_file) is same
    assert same_person(on_file, typed) is same


@given(
    st.sampled_from(
        ["D'Angelo", "D'Elia", "L'Abbate", "L'Episcopo", "Dell'Acqua", "Dall'Oglio", "Sant'Agata", "N'Diaye"]
    ),
    st.sampled_from(["'", "’", "`", "´", " '", "' ", " ’ ", " ", ""]),
    st.sampled_from([str.lower, str.upper, str.title]),
    GIVEN,
)
def test_an_elision_is_one_name_however_its_apostrophe_is_written(
    family: str, sign: str, case: Callable[[str], str], given_name: str
) -> None:
    typed = PersonName(clean_name(given_name), clean_name(case(family.replace("'", sign))))
    assert same_person(typed, PersonName(given_name, family))


@given(GIVEN, SURNAME, SURNAME, st.sampled_from(["-", " - ", "– ", " ‑", "‐"]))
def test_a_double_family_name_is_one_name_however_its_hyphen_is_written(
    given_name: str, one: str, other: str, sign: str
) -> None:
    assume(not one.endswith("'") and len(f"{one} {other}".split()) <= 8)
    typed = PersonName(clean_name(given_name), clean_name(f"{one}{sign}{other}"))
    assert same_person(typed, PersonName(given_name, f"{one}-{other}"))


@given(GIVEN, st.lists(st.sampled_from(["😊", "👍🏽", "❤️", "🙂", "👩‍🦰", "✨"]), max_size=3), st.booleans())
def test_emoji_around_a_name_are_no_part_of_it(given_name: str, emoji: list[str], before: bool) -> None:
    parts = [*emoji, given_name] if before else [given_name, *emoji]
    assert clean_name(" ".join(parts)) == clean_name(given_name)


@given(GIVEN, st.data())
def test_a_letter_of_another_script_or_an_invisible_filler_makes_no_name(given_name: str, data: st.DataObject) -> None:
    strange = data.draw(
        st.sampled_from("\u0430\u0435\u043e\u0440\u0441\u0456\u03bf\u0391\u057d\u0578\u115f\u3164\uff9e\u0660")
    )
    at = data.draw(st.integers(0, len(given_name)))
    with pytest.raises(NameRejected):
        clean_name(f"{given_name[:at]}{strange}{given_name[at:]}")


@given(GIVEN, SURNAME, st.sampled_from("\u200b\u200d\u2060\ufeff\u00ad\u200e\u202a"), st.data())
def test_an_invisible_character_changes_no_name(given_name: str, family: str, mark: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(family)))
    typed = PersonName(clean_name(given_name), clean_name(f"{family[:at]}{mark}{family[at:]}"))
    assert same_person(typed, PersonName(given_name, family))


@given(st.text(max_size=200))
def test_no_text_breaks_the_rules_and_cleaning_twice_changes_nothing(text: str) -> None:
    canonical = canonical_name(text)
    assert canonical_name(canonical) == canonical
    split_full_name(text)
    try:
        name = clean_name(text)
    except NameRejected:
        return
    assert clean_name(name) == name
    assert 0 < len(name) <= MAX_LENGTH
    assert not any(unicodedata.category(char)[0] in "CNS" or char in "<>@=" for char in name)


@given(GIVEN, SURNAME, st.sampled_from([str.upper, str.lower, str.title, str.swapcase]), st.booleans())
def test_presentation_does_not_change_who_it_is(given_name: str, family: str, case: object, swap: bool) -> None:
    assert callable(case)
    typed = PersonName(
        case(given_name).replace("'", "’"),
        unicodedata.normalize("NFD", case(family)).replace("'", "´").replace(" ", "  "),
    )
    typed = PersonName(typed.family, typed.given) if swap else typed
    assert same_person(typed, PersonName(given_name, family))
    assert close_person(typed, PersonName(given_name, family))


@given(GIVEN, GIVEN, SURNAME)
def test_two_given_names_of_one_family_are_two_persons(one: str, other: str, family: str) -> None:
    assume(canonical_name(one) != canonical_name(other))
    assert not same_person(PersonName(one, family), PersonName(other, family))


@given(GIVEN, SURNAME)
def test_a_cleaned_full_name_splits_into_the_same_person(given_name: str, family: str) -> None:
    name = split_full_name(f"{given_name} {family}")
    assert name is not None
    assert same_person(name, PersonName(given_name, family))


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_edits_are_a_distance(left: str, middle: str, right: str) -> None:
    assert edits(left, left) == 0
    assert edits(left, right) == edits(right, left)
    assert (edits(left, right) == 0) == (left == right)
    assert abs(len(left) - len(right)) <= edits(left, right) <= max(len(left), len(right))
    assert edits(left + middle, right + middle) <= edits(left, right)
    assert edits(left, right) <= edits(left, right, swap=2) <= 2 * edits(left, right)


def test_no_given_name_is_taken_for_something_else() -> None:
    for given_name in word_set("given_names"):
        name = split_full_name(f"{given_name} De Luca")
        assert name is not None, given_name
        assert same_person(name, PersonName(given_name, "De Luca")), given_name
