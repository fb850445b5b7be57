"""What the benchmark's customers say: the beginning of a registration, with questions and corrections in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

# From the greeting to the password, which the engine never sees: free text, a button, questions, a correction.
TURNS: Final[Sequence[Mapping[str, Any]]] = (
    {"text": "buongiorno, vorrei registrarmi"},
    {"intent": "give_customer_type", "entities": {"customer_type": "persona"}},
    {"text": "ma quanto costa?"},
    {"text": "mi chiamo Giulia Ferraris"},
    {"text": "perché vi serve la mail?"},
    {"text": "giulia.ferraris@posta.example"},
    {"text": "non ho capito"},
    {"text": "ho sbagliato il cognome"},
    {"text": "Giulia Ferrari"},
    {"text": "quanto dura?"},
)
# Asked again and again in one conversation, to see whether its length costs anything.
QUESTIONS: Final[Sequence[str]] = ("quanto costa?", "è sicuro?", "cosa trovo nell'area clienti?", "aspetta un attimo")
TEXTS: Final[Sequence[str]] = tuple(turn["text"] for turn in TURNS if "text" in turn)
