"""Generated turns of the assistant: long Italian texts, emoji, accents in pieces, and choices of every sort."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import strategies as st

from areaclienti.gateway.channels.whatsapp.choices import Choice
from areaclienti.gateway.channels.whatsapp.rendering import Line, Stand

_WORDS = [
    "registrazione", "l'Area", "Clienti", "è", "perché", "dell'informativa", "privacy", "recapito", "città",
    "un'azienda", "S.r.l.", "«Persona»", "mar*****@gm**.com", "320 ****600", "mario_rossi@example.it", "_anna_",
    "👍", "👨‍👩‍👧‍👦", "🇮🇹", "e\u0301", "a\u0300o\u0302", "✍🏽", "più", "codice",
    "qualunquementeprecipitevolissimevolmente",
    "https://alleanza.it/area-clienti", "*importante*", "~no~", "`x`", "1.", "-", ">",
]  # fmt: skip
_ENDS = [" ", " ", " ", " ", ". ", "? ", "\n", "\n\n", ", ", ": ", "! "]
# A character stands for a word and its end: one draw for a whole text costs a tenth of two draws for each word.
_PAIRS = {chr(0x4E00 + place): word + end for place, (word, end) in enumerate(product(_WORDS, _ENDS))}
_FEW = st.text(alphabet=list(_PAIRS), min_size=1, max_size=25)


@st.composite
def prose(draw: st.DrawFn, most: int = 400) -> str:
    """So many words at most, in sentences and paragraphs."""
    count = draw(st.one_of(st.integers(1, 30), st.integers(1, most)))
    few = [_PAIRS[one] for one in draw(_FEW)]
    return "".join((few * (count // len(few) + 1))[:count])


texts = st.one_of(
    prose(),
    prose(900),
    st.text(min_size=1, max_size=200),
    st.integers(900, 9000).map(lambda count: "a" * count),
    st.integers(500, 4000).map(lambda count: "👍" * count),
)
_known = st.sampled_from(
    [
        "Sì", "No, è giusto così", "Richiedi nuovo codice", "Correggi la ragione sociale", "Persona o azienda",
        "Ho preso visione", "mic*****@gm**.com", "320 ****600", "Sì, usa il numero da cui scrivi adesso",
        "Vorrei parlare con una persona dell'assistenza clienti", "Un altro recapito",
    ]
)  # fmt: skip
titles = st.one_of(
    _known,
    prose(12),
    prose(60),
    st.text(max_size=60),
    st.just("precipitevolissimevolissimevolmente"),
    st.just("🇮🇹" * 20),
)
cards = st.one_of(
    st.none(),
    st.just({"type": "privacy_notice"}),
    st.builds(
        lambda title: {"type": "link", "url": "/accedi", "title": title}, titles.filter(lambda title: title.strip())
    ),
)
expects = st.sampled_from(["text", "choice", "email_or_mobile", "secret:password", "secret:tax_code", "code"])


@st.composite
def turns(draw: st.DrawFn) -> tuple[list[Line], Stand]:
    """Lines of the ledger and where the conversation stands after them."""
    count = draw(st.sampled_from([0, 0, 1, 2, 3, 3, 4, 7, 10, 11, 30]))
    offered = draw(st.lists(titles, min_size=count, max_size=count))
    if count > 1 and draw(st.booleans()):
        offered = [offered[0]] * count  # equal ones
    choices = tuple(Choice(f"choice-{number:04}", title) for number, title in enumerate(offered))
    authors = st.sampled_from(["bot", "bot", "system", "agent", "customer"])
    parts: list[Any] = draw(st.lists(st.tuples(authors, texts, cards), min_size=1, max_size=4))
    author = draw(st.sampled_from(["bot", "system"]))
    lines = [Line(seq, who, text, (), card) for seq, (who, text, card) in enumerate(parts, start=1)]
    lines.append(Line(len(lines) + 1, author, draw(texts), choices, draw(cards)))
    return lines, Stand(draw(expects), draw(st.sampled_from([1, len(lines), len(lines) + 1])))
