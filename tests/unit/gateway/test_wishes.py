"""Where the password is due, questions and wishes pass by their words and their intent, and passwords don't."""

from __future__ import annotations

import pytest

from areaclienti.domain.wordlists import word_set
from areaclienti.gateway.wishes import RULE, passes
from benchmarks.interception.passwords import all_of, passwords
from benchmarks.interception.vocabulary import lists


@pytest.mark.parametrize(
    ("text", "intent", "confidence"),
    [
        ("quanti caratteri deve avere la password?", "faq_password_rules", 0.95),
        ("Quanto deve essere lunga, almeno 8?", "faq_password_rules", 0.5),
        ("perché non posso scrivere la password qui?", "faq_password_in_chat", 0.6),
        ("ho dimenticato la password", "faq_forgot_password", 0.99),
        ("non mi è arrivato il codice da 10 minuti", "faq_code_not_arrived", 0.7),
        ("voglio parlare con una persona", "request_person", 0.9),
        ("ANNULLA!", "cancel", 0.99),
        ("grazie 🙏", "thank", 0.99),
        ("👍", "affirm", 0.99),
        ("???", "help", 0.99),
        ("/restart", "start_over", 0.99),
        ("ho sbagliato il cognome, è Bertolini", "correct_data", 0.95),
        ("ho sbagliato la mail", "correct_data", 0.95),
        ("ho sbagliato il cellulare, è 347 1122334", "correct_data", 0.9),
    ],
)
def test_a_question_or_a_wish_passes(text: str, intent: str, confidence: float) -> None:
    assert passes(text, intent, confidence)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("girasole", "cancel"),
        ("Mario80", "affirm"),
        ("annulla88", "cancel"),
        ("aiuto#_", "help"),
        ("Buongiorno@", "greet"),
        ("mario 1980", "faq_costs"),
        ("ricomincia 2024", "start_over"),
        ("quanto costa 77", "faq_costs"),
        ("Quanto Costa La Polizza", "faq_costs"),
        ("la mia password è girasole", "faq_password_in_chat"),
        ("questa è la mia password segreta", "faq_password_in_chat"),
        ("posso mettere girasole come password?", "faq_password_rules"),
        ("ok girasole blu", "affirm"),
        ("Va bene Tramonto7?", "faq_password_rules"),
        ("quanto costa la polizza?", "give_name"),
        ("quanto costa la polizza?", "nlu_fallback"),
        ("12", "help"),
        ("ho sbagliato, è tesoro?", "correct_data"),
        ("/girasole", "cancel"),
        ("accesso-1", "faq_already_registered"),
    ],
)
def test_what_may_be_a_password_does_not_however_sure_the_engine_is(text: str, intent: str) -> None:
    assert not passes(text, intent, 1.0)


def test_an_unsure_engine_lets_nothing_pass() -> None:
    assert not passes("quanti caratteri deve avere la password?", "faq_password_rules", RULE.confidence - 0.01)


def test_hardly_a_password_is_made_of_the_words_of_questions_alone() -> None:
    """The worst engine there can be: it takes everything for a question, and is sure of it."""
    families = passwords(seed=3, of_each=150)
    sentences = {"sentence", "question", "sentence run together"}
    leaked = [
        (family, text)
        for family, text in all_of(families)
        if family not in sentences and passes(text, "faq_costs", 1.0)
    ]
    tried = sum(len(members) for family, members in families.items() if family not in sentences)
    assert tried > 1900 and len(leaked) < tried / 150, leaked


@pytest.mark.parametrize("name", ["question_words", "lone_words"])
def test_the_words_are_those_of_the_training_data(name: str) -> None:
    """A few words may differ until the lists are written anew (`python -m benchmarks.interception --write-words`)."""
    here, there = word_set(name), lists()[name]
    assert len(here & there) >= 0.97 * max(len(here), len(there))


def test_the_generated_passwords_are_the_same_for_the_same_seed_and_different_otherwise() -> None:
    assert passwords(1, 20) == passwords(1, 20) != passwords(2, 20)
    assert all(len(set(members)) == len(members) >= 15 for members in passwords(1, 20).values())
