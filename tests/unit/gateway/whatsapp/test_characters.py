"""Text is cut at paragraphs, lines, sentences, words, and inside a word only between what a reader calls characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.gateway.channels.whatsapp.characters import clip, ending, length, split
from tests.unit.gateway.whatsapp.limits import sizes
from tests.unit.gateway.whatsapp.turns import texts


@given(texts, st.integers(20, 500))
def test_pieces_fit_and_make_the_text(text: str, most: int) -> None:
    pieces = split(text, most)
    assert all(piece and max(sizes(piece)) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(texts, st.integers(20, 500))
def test_an_ending_fits_and_what_comes_before_is_the_rest(text: str, most: int) -> None:
    before, last = ending(text, most)
    assert max(sizes(last)) <= most and bool(last) == bool(text.strip())
    assert "".join((before + last).split()) == "".join(text.split())


@given(texts, st.integers(1, 80))
def test_a_clipping_ends_with_a_whole_word(text: str, most: int) -> None:
    clipped = clip(text, most)
    assert length(clipped) <= most and text.startswith(clipped)
    assert not clipped or len(clipped) == len(text) or text[len(clipped)].isspace()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Uno due. Tre quattro.\n\nCinque sei.", ["Uno due. Tre quattro.", "Cinque sei."]),
        ("Uno due tre. Quattro cinque sei.", ["Uno due tre.", "Quattro cinque sei."]),
        ("uno due tre quattro cinque sei", ["uno due tre quattro", "cinque sei"]),
    ],
)
def test_the_best_place_is_taken(text: str, pieces: list[str]) -> None:
    assert split(text, 22) == pieces


@pytest.mark.parametrize("one", ["👨‍👩‍👧‍👦", "🇮🇹", "e\u0301\u0323", "✍🏽", "❤️"])
def test_a_word_without_end_is_cut_between_characters(one: str) -> None:
    assert all(piece.replace(one, "") == "" for piece in split(one * 60, 40))
