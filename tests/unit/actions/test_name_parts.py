"""One person's name out of its parts: order, labels, corrections, nicknames, particles."""

from __future__ import annotations

import pytest

from actions.name_parts import whole_name
from areaclienti.domain.names import clean_name, split_full_name


def read(typed: str, *parts: str, is_correction: bool = False) -> tuple[str, ...]:
    """Given and family name as the form keeps them; `parts` in reading order."""
    found, at = [], 0
    for part in parts:
        at = typed.index(part, at)
        found.append((at, at + len(part)))
        at += len(part)
    name = whole_name(typed, found, is_correction)
    assert name is not None
    split = split_full_name(name)
    return (clean_name(split.given), clean_name(split.family)) if split else (clean_name(name),)


@pytest.mark.parametrize(
    ("typed", "parts", "name"),
    [
        ("nome Egle cognome Dragan", ["Egle", "Dragan"], ("Egle", "Dragan")),
        ("cognome Dragan nome Costel Marian", ["Dragan", "Costel Marian"], ("Costel Marian", "Dragan")),
        ("Cognome: Martino; Nome: Luca", ["Martino", "Luca"], ("Luca", "Martino")),
        ("di cognome Martino e di nome Luca", ["Martino", "Luca"], ("Luca", "Martino")),
        ("Martino di cognome, Luca di nome", ["Martino", "Luca"], ("Luca", "Martino")),
        ("Luca di nome e Martino di cognome", ["Luca", "Martino"], ("Luca", "Martino")),
        ("Kumar è il nome, Vijay il cognome", ["Kumar", "Vijay"], ("Kumar", "Vijay")),
        ("Kumar (cognome) Vijay (nome)", ["Kumar", "Vijay"], ("Vijay", "Kumar")),
        ("mi chiamo Vijay, il cognome è Kumar", ["Vijay", "Kumar"], ("Vijay", "Kumar")),
        ("il cognome è Kumar e mi chiamo Vijay", ["Kumar", "Vijay"], ("Vijay", "Kumar")),
        ("Moretti, Elio", ["Moretti", "Elio"], ("Elio", "Moretti")),
        ("Moretti Neri, Anna Maria", ["Moretti Neri", "Anna Maria"], ("Anna Maria", "Moretti Neri")),
        ("Guten Tag, Helga Pichler", ["Guten Tag", "Helga Pichler"], ("Helga", "Pichler")),
        ("Martino Luca dove Martino è il cognome", ["Martino Luca", "Martino"], ("Luca", "Martino")),
        ("Martino Luca, Luca è il nome", ["Martino Luca", "Luca"], ("Luca", "Martino")),
        ("Le Mai (cognome Le)", ["Le Mai", "Le"], ("Mai", "Le")),
        ("cognome e nome: Vijay Kumar", ["Vijay Kumar"], ("Kumar", "Vijay")),
        ("nome e cognome: Vijay Kumar", ["Vijay Kumar"], ("Vijay", "Kumar")),
        ("Kumar è il cognome e il nome è Vijay", ["Kumar", "Vijay"], ("Vijay", "Kumar")),
        ("nome Vijay cogn. Kumar", ["Vijay", "Kumar"], ("Vijay", "Kumar")),
        ("il cognome si scrive così Kumar Rao nome Vijay", ["Kumar Rao", "Vijay"], ("Vijay", "Kumar Rao")),
        ("Vijay, cognome raro Kumar", ["Vijay", "Kumar"], ("Vijay", "Kumar")),
    ],
)
def test_what_is_said_of_the_parts_decides_which_is_which(typed: str, parts: list[str], name: tuple[str, ...]) -> None:
    assert read(typed, *parts) == name


@pytest.mark.parametrize(
    ("typed", "parts", "name"),
    [
        ("Liana Pavesi. No scusa Pavese", ["Liana Pavesi"], ("Liana", "Pavese")),
        ("Liana Pavesi anzi Pavese", ["Liana Pavesi", "Pavese"], ("Liana", "Pavese")),
        ("Ada Neri, ops, Ida Neri", ["Ada Neri", "Ida Neri"], ("Ida", "Neri")),
        ("mi chiamo Pavesi Liana anzi Pavese", ["Pavesi Liana anzi Pavese"], ("Liana", "Pavese")),
        ("Liana Pavesi scusi Pavese con la e", ["Liana Pavesi"], ("Liana", "Pavese")),
        ("Liana Pavesi, no aspetti, sono Diana Pavesi", ["Liana Pavesi"], ("Diana", "Pavesi")),
        ("Ada Neri, scusi il ritardo", ["Ada Neri"], ("Ada", "Neri")),
        ("Ada Neri, sono pensionata", ["Ada Neri"], ("Ada", "Neri")),
        ("Ada Neri no grazie", ["Ada Neri"], ("Ada", "Neri")),
    ],
)
def test_the_last_word_of_a_correction_counts(typed: str, parts: list[str], name: tuple[str, ...]) -> None:
    assert read(typed, *parts) == name


@pytest.mark.parametrize(
    ("typed", "parts", "name"),
    [
        ('Lorenzo "Renzo" Guidi', ["Lorenzo", "Renzo", "Guidi"], ("Lorenzo", "Guidi")),
        ("Renzo (Lorenzo) Guidi", ["Renzo", "Lorenzo"], ("Lorenzo", "Guidi")),
        ("tutti mi dicono Dora, sono Addolorata Pinto", ["Dora", "Addolorata Pinto"], ("Addolorata", "Pinto")),
        ("Il nome vero è Addolorata Pinto, mi dicono Dora", ["Addolorata Pinto", "Dora"], ("Addolorata", "Pinto")),
        ("mi chiamo Vania, cioè Vania Neri", ["Vania", "Vania Neri"], ("Vania", "Neri")),
        ("D'Amico Giovanni", ["Amico Giovanni"], ("Giovanni", "D'Amico")),
        ("la Mariuccia", ["Mariuccia"], ("Mariuccia",)),
    ],
)
def test_a_nickname_is_no_part_and_a_particle_is(typed: str, parts: list[str], name: tuple[str, ...]) -> None:
    assert read(typed, *parts) == name


@pytest.mark.parametrize(
    ("typed", "parts", "name"),
    [
        ("elio punto moretti", ["elio", "moretti"], ("Elio", "Moretti")),
        ("mi chiamo elio spazio moretti", ["elio spazio moretti"], ("Elio", "Moretti")),
        ("elio.moretti", ["elio", "moretti"], ("Elio", "Moretti")),
        ("Anna Maria due nomi, Moretti", ["Anna Maria", "Moretti"], ("Anna Maria", "Moretti")),
        ("Anna-Maria Moretti", ["Anna-Maria Moretti"], ("Anna-Maria", "Moretti")),
    ],
)
def test_what_is_said_for_a_blank_is_none_of_the_name(typed: str, parts: list[str], name: tuple[str, ...]) -> None:
    assert read(typed, *parts) == name


@pytest.mark.parametrize(
    ("typed", "parts", "name"),
    [
        ("Egle come mia nonna, e poi Dragan", ["Egle", "Dragan"], ("Egle", "Dragan")),
        ("Dragan come il fiume, Anna come mia nonna", ["Dragan", "Anna"], ("Anna", "Dragan")),
        ("Anna. Ah, anche il cognome? Di Pasquale", ["Anna", "Di Pasquale"], ("Anna", "Di Pasquale")),
        ("maiuscolo egle spazio maiuscolo dragan", ["egle", "dragan"], ("Egle", "Dragan")),
        ("dragan virgola egle", ["dragan", "egle"], ("Egle", "Dragan")),
        ("Xian Weiming ma tutti mi chiamano Marco", ["Xian Weiming", "Marco"], ("Xian", "Weiming")),
        ("Vincenza oppure Enza", ["Vincenza", "Enza"], ("Vincenza",)),
    ],
)
def test_a_given_and_a_family_name_with_talk_between_them_are_one_name(
    typed: str, parts: list[str], name: tuple[str, ...]
) -> None:
    assert read(typed, *parts) == name


def test_parts_of_a_correction_are_not_joined() -> None:
    typed = "di cognome non faccio Dragan, mi avete scritto male, è Dragoni"
    assert read(typed, "Dragan", "Dragoni", is_correction=True) == ("Dragoni",)


@pytest.mark.parametrize(
    ("marked", "name"),
    [("Galli Anna anna", ("Anna", "Galli")), ("Rosario Rosario", ("Rosario", "Rosario"))],
)
def test_a_word_said_again_after_the_whole_name_is_none_of_it(marked: str, name: tuple[str, ...]) -> None:
    assert read(f"{marked} con una lettera sola", marked) == name
