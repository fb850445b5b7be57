"""Titles are shortened as an Italian reader would, never in a word, and stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.titles import shorten
from tests.unit.gateway.whatsapp.limits import sizes
from tests.unit.gateway.whatsapp.turns import titles

RULES = load_outbound_texts().shortening


@pytest.mark.parametrize(
    ("title", "most", "short"),
    [
        ("Persona", 20, "Persona"),
        ("Correggi il contatto", 20, "Correggi il contatto"),
        ("Richiedi nuovo codice", 20, "Nuovo codice"),
        ("Richiedi nuovo codice", 24, "Richiedi nuovo codice"),
        ("Correggi la ragione sociale", 24, "Correggi ragione sociale"),
        ("Modifica la ragione sociale", 20, "La ragione sociale"),
        ("Cambia l'indirizzo email", 20, "Cambia l'indirizzo"),
        ("Vorrei parlare con una persona", 20, "Parlare con persona"),
        ("Apri la pagina dell'informativa", 20, "Apri la pagina"),
        ("precipitevolissimevolmente", 20, "Scelta 1"),
        ("   ", 20, "Scelta 1"),
        ("\u200b", 20, "Scelta 1"),
    ],
)
def test_by_rule(title: str, most: int, short: str) -> None:
    assert shorten([title], most, RULES) == [short]


def test_equal_ones_get_a_number() -> None:
    assert shorten(["Riprova", "Riprova", "Riprova (2)"], 20, RULES) == ["Riprova", "Riprova (2)", "Riprova (2) (2)"]
    long = "Continua la registrazione di oggi"
    assert shorten([long, long], 24, RULES) == ["Continua registrazione", "Continua (2)"]


@settings(max_examples=500)
@given(st.lists(titles, min_size=1, max_size=10), st.sampled_from([20, 24]))
def test_all_fit_are_apart_and_end_with_a_word(given_titles: list[str], most: int) -> None:
    short = shorten(given_titles, most, RULES)
    assert len({title.casefold() for title in short}) == len(given_titles)
    words = {word.casefold() for title in given_titles for word in title.replace("’", "'").replace("'", "' ").split()}
    for title, whole in zip(short, given_titles, strict=True):
        assert title.strip() and max(sizes(title)) <= most
        if title.startswith("Scelta ") or whole in RULES.known:
            continue
        pieces = title.replace("’", "'").replace("'", "' ").split()
        for piece in pieces:
            assert any(
                word.rstrip(",;:-–(.") == piece.casefold().rstrip(",;:-–(.") for word in words
            ) or piece.startswith("(")
