"""The parts of our NLU: contacts, names, values, confidence; a small reader that learns, is stored and loaded."""

import random
from pathlib import Path

import pytest

from engine.nlu import contacts, normal
from engine.nlu.edges import settled
from engine.nlu.language import tokens, tokens_of_names
from engine.nlu.linear import LinearClassifier
from engine.nlu.reader import Example, Reader, near_duplicates
from engine.nlu.spans import Span
from engine.nlu.values import Values

LEXICON = Path("data/nlu/lexicon")
GIVEN = ["Mario", "Anna", "Luca", "Rosa", "Paolo", "Elena", "Ugo", "Carla", "Piero", "Ines"]
FAMILY = ["Rossi", "Bianchi", "Moretti", "Gallo", "Conti", "Serra", "Zanetti", "Fiore", "Costa", "Neri"]


def marked(text, entity, value):
    start = text.index(value)
    return (start, start + len(value), entity, value)


def examples():
    """About 200 messages of four intents."""
    made = []
    for given in GIVEN:
        for family in FAMILY[:5]:
            name = f"{given} {family}"
            for text in (f"mi chiamo {name}", name):
                made.append(Example(text, "give_name", (marked(text, "person", name),)))
            firm = f"{family} Impianti srl"
            for text in (f"la ditta è {firm}", firm):
                made.append(Example(text, "give_company_name", (marked(text, "company", firm),)))
    for courtesy in ("", " per favore", " grazie", ", scusi"):
        for word in ("privato", "ditta"):
            text, value = f"sono un {word}{courtesy}", "persona" if word == "privato" else "azienda"
            made.append(Example(text, "give_customer_type", ((*marked(text, "customer_type", word)[:3], value),)))
        made += [Example(f"{start}{courtesy}", "wait") for start in ("aspetta", "un attimo", "un momento", "attenda")]
    random.Random(1).shuffle(made)
    return list({example.text: example for example in made}.values())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    Reader.train(examples(), [("società", "azienda")], LEXICON, folder)
    return folder


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("la mia mail è mario.rossi@libero.it, grazie", ["mario.rossi@libero.it"]),
        ("la mail e'mario@libero.it", ["mario@libero.it"]),
        ("cell. 333 123 45 67.", ["333 123 45 67"]),
        ("numero 0039 347/1234567 ok", ["0039 347/1234567"]),
        ("Rossi Mario 3331234567, m@x.it", ["3331234567", "m@x.it"]),
        ("è mario punto rossi chiocciola libero punto it", ["mario punto rossi chiocciola libero punto it"]),
        ("tre tre tre uno due tre quattro cinque sei sette", ["tre tre tre uno due tre quattro cinque sei sette"]),
        ("trecentotrentatré 12 34 567", ["trecentotrentatré 12 34 567"]),
        ("anna.conti@libero,it", ["anna.conti@libero,it"]),
        ("sono nato il 12/03/1950", []),
        ("ho due polizze e tre figli", []),
        ("IT60X0542811101000000123456", []),
    ],
)
def test_contacts_are_found_as_typed(text, found):
    assert [text[start:end] for start, end in contacts.find(text)] == found


@pytest.mark.parametrize(
    ("typed", "word"),
    [("PERCHÉ", "perche"), ("xke", "perche"), ("ciaoooo", "ciao"), ("nn", "non"), ("pass", "password")],
)
def test_spellings_of_one_word_are_one_feature(typed, word):
    assert normal.word(typed) == word


def test_tokens_tell_their_place_and_keep_an_elision_with_its_name():
    text = "sono Nicolo' D'Angelo,Roma"
    assert [text[token.start : token.end] for token in tokens(text)] == ["sono", "Nicolo", "'", "D'Angelo", ",", "Roma"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("la Co.Ge.Ma. Scarl", ["la", "Co.Ge.Ma.", "Scarl"]),
        ("mario.rossi", ["mario", ".", "rossi"]),
        ("neri srl.grazie", ["neri", "srl", ".", "grazie"]),
        ("San Vito s.r.l. di Neri", ["San", "Vito", "s.r.l.", "di", "Neri"]),
        ("mario.rossi@libero.it", ["mario.rossi@libero.it"]),
    ],
)
def test_a_dot_parts_words_and_not_an_acronym(text, parts):
    assert [token.text for token in tokens_of_names(text)] == parts


@pytest.mark.parametrize(
    ("text", "label", "marked", "whole"),
    [
        ("scrivo come so wolf-rainer Weber", "person", ["rainer Weber"], ["wolf-rainer Weber"]),
        ("nome anna-maria neri privata", "person", ["anna", "maria neri"], ["anna-maria neri"]),
        ("Dall'Oglio Ivano", "person", ["Oglio Ivano"], ["Dall'Oglio Ivano"]),
        ("Maria Rita Dell'Acqua", "person", ["Maria Rita Dell"], ["Maria Rita Dell'Acqua"]),
        ("o' neill rory", "person", ["' neill rory"], ["o' neill rory"]),
        ("Neri Ada ved. Moroni", "person", ["Neri Ada ved"], ["Neri Ada"]),
        ("Nicolo' Rossi", "person", ["Nicolo' Rossi"], ["Nicolo' Rossi"]),
        ("rino testa all'ospedale", "person", ["rino testa all'"], ["rino testa"]),
        ("Ilir Marku 👍", "person", ["Marku 👍"], ["Marku"]),
        ("dott.ssa Neri Ada, grazie", "person", ["dott.ssa Neri Ada, grazie"], ["Neri Ada"]),
        ('"La Rosa" di Neri Ugo', "company", ['La Rosa" di Neri Ugo'], ['"La Rosa" di Neri Ugo']),
        ("qui è L'Isola del Pane", "company", ["Isola del Pane"], ["L'Isola del Pane"]),
        ("SOLE S.R.L. IN LIQUIDAZIONE", "company", ["SOLE S.R.L."], ["SOLE S.R.L. IN LIQUIDAZIONE"]),
        ("Bar Sport di via Roma 3", "company", ["Bar Sport di via Roma 3"], ["Bar Sport"]),
        ("Condominio Via Roma 3", "company", ["Condominio Via Roma 3"], ["Condominio Via Roma 3"]),
        ("Rossi S.r.l. di Ancona", "company", ["Rossi S.r.l. di Ancona"], ["Rossi S.r.l."]),
        ("Avv. Neri & Partners", "company", ["Avv. Neri & Partners"], ["Avv. Neri & Partners"]),
    ],
)
def test_the_edges_of_a_name_are_settled(text, label, marked, whole):
    spans = [Span(text.index(part), text.index(part) + len(part), label) for part in marked]
    assert [text[span.start : span.end] for span in settled(text, spans)] == whole


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sono un privato", ["persona"]),
        ("non sono un'azienda, sono un privato", ["persona"]),
        ("ho cliccato azienda per sbaglio", []),
        ("partita iva", ["azienda"]),
    ],
)
def test_values_are_those_that_are_affirmed(text, values):
    meanings = {"privato": "persona", "azienda": "azienda", "partita iva": "azienda"}
    known = Values((word, "customer_type", value) for word, value in meanings.items())
    assert [value.value for value in known.find(text, tokens(text), "customer_type")] == values


def test_near_duplicates_share_a_number_and_bare_names_do_not():
    one, two = (
        Example("sono Ugo", "give_name", ((5, 8, "person", "Ugo"),)),
        Example("sono Ada", "give_name", ((5, 8, "person", "Ada"),)),
    )
    bare = [
        Example("Ugo", "give_name", ((0, 3, "person", "Ugo"),)),
        Example("Ada", "give_name", ((0, 3, "person", "Ada"),)),
    ]
    numbers = near_duplicates([one, two, *bare])
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 3


def test_a_stored_reader_reads_what_the_trained_one_reads(folder):
    first, second = Reader.load(folder), Reader.load(folder)
    for text in ("mi chiamo Franco Battaglia", "la ditta è Gallo Trasporti srl", "un attimo"):
        assert first.read(text) == second.read(text)


def test_names_and_companies_that_were_never_seen_are_marked(folder):
    reader = Reader.load(folder)
    person, company = reader.read("mi chiamo Franco Battaglia"), reader.read("la ditta è Marchetti Impianti srl")
    assert person.intents[0][0] == "give_name"
    assert [(entity, value) for _, _, entity, value in person.entities] == [("person", "Franco Battaglia")]
    assert company.intents[0][0] == "give_company_name"
    assert [(entity, value) for _, _, entity, value in company.entities] == [("company", "Marchetti Impianti srl")]


def test_a_text_meant_as_a_name_is_searched_for_the_likeliest_one(folder):
    """No word in it is likely enough to be marked, but the classifier is sure that a name is given."""
    tagger = Reader.load(folder)._tagger
    text = "mi chiamo Franco Battaglia"
    guess = tagger.guess(text, tokens(text))
    assert guess is not None
    assert text[guess.start : guess.end] == "Franco Battaglia"
    assert tagger.guess("un attimo", tokens("un attimo")) is None


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("La Bella Pizza", "La Bella Pizza"),
        ("la bella pizza", "la bella pizza"),
        ("la Bella Pizza", "Bella Pizza"),
        ("La Farmacia Neri", "Farmacia Neri"),
        ("la società agricola bella pizza", "società agricola bella pizza"),
    ],
)
def test_an_article_belongs_to_a_fantasy_name_and_not_to_a_trade(folder, text, whole):
    tagger = Reader.load(folder)._tagger
    marked = Span(text.index(" ") + 1, len(text), "company")
    span = tagger._with_article(text, marked)
    assert text[span.start : span.end] == whole


def test_a_synonym_means_its_value(folder):
    reading = Reader.load(folder).read("sono una società")
    assert [(entity, value) for _, _, entity, value in reading.entities] == [("customer_type", "azienda")]


def test_a_company_called_like_a_synonym_stays_as_typed(folder):
    """Rasa's EntitySynonymMapper would make `azienda` of it, whatever the entity."""
    reading = Reader.load(folder).read("la ditta è Società Impianti srl")
    assert [(entity, value) for _, _, entity, value in reading.entities] == [("company", "Società Impianti srl")]


def test_confidences_sum_to_one_and_come_best_first(folder):
    for text in ("Mario Rossi", "aspetta", "qwrt zzxx", "?", "🙂"):
        confidences = [confidence for _, confidence in Reader.load(folder).read(text).intents]
        assert sum(confidences) == pytest.approx(1, abs=1e-4)
        assert confidences == sorted(confidences, reverse=True)


def test_a_classifier_that_is_often_wrong_is_unsure():
    """Half of the labels are drawn by chance: confidence has to be near one half, not near one."""
    chance = random.Random(2)
    grouped = [{"word": {f"w{at % 40}": 1, f"n{at}": 1}} for at in range(400)]
    labels = [chance.choice(["a", "b"]) for _ in grouped]
    model = LinearClassifier({"word": 1.0}, fewest=1).fit(grouped, labels, list(range(400)))
    confidences = [float(scores.max()) for scores in model.many([{"word": {f"w{at}": 1}} for at in range(40)])]
    assert sum(confidences) / len(confidences) < 0.65
