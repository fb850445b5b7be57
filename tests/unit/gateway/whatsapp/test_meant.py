"""A choice in words: by its title, its number or its place; anything else is a text as any other."""

from __future__ import annotations

import pytest

from areaclienti.gateway.channels.whatsapp.meant import choice_meant

CHOICES = [
    {"id": "a", "title": "È tutto giusto"},
    {"id": "b", "title": "Correggi il nome"},
    {"id": "c", "title": "Correggi il contatto"},
]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("È tutto giusto", "a"),
        ("e' tutto giusto", None),
        ("è TUTTO giusto!", "a"),
        ("1", "a"),
        (" 3. ", "c"),
        ("2)", "b"),
        ("la prima", "a"),
        ("il secondo", "b"),
        ("Scelgo la terza opzione", "c"),
        ("l'ultima", "c"),
        ("l’ultimo", "c"),
        ("la quarta", None),
        ("4", None),
        ("0", None),
        ("123456", None),
        ("prima", None),  # «before»
        ("la prima volta", None),
        ("indietro", None),
        ("", None),
    ],
)
def test_which_choice_is_meant(text: str, meant: str | None) -> None:
    assert choice_meant(text, CHOICES) == meant


def test_without_choices_nothing_is_meant() -> None:
    assert choice_meant("la prima", []) is None
    assert choice_meant("l'ultima", []) is None


def test_a_title_that_two_choices_have_names_neither() -> None:
    assert choice_meant("Mario", [{"id": "a", "title": "Mario"}, {"id": "b", "title": "mario"}]) is None
