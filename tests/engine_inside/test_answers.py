"""The readers of answers: what they learn from, what they find among words never seen, where its edges are."""

import random
from pathlib import Path

import pytest

from engine.nlu import asked
from engine.nlu import lessons as made
from engine.nlu.asked import AnswerTagger
from engine.nlu.dictionary import Dictionary
from engine.nlu.edges import settled
from engine.nlu.invented import Inventor
from engine.nlu.lexicon import Lexicon
from engine.nlu.spans import Span

LEXICON = Path("data/nlu/lexicon")
BY_HAND = Path("data/nlu/lexicon/answers_by_hand")
NAMES = ["mario rossi", "anna bianchi", "luca moretti", "rosa gallo", "paolo serra"]
CHATTER = ["non trovo gli occhiali", "quanto costa la polizza", "aspetti un momento", "va bene così", "come si fa"]


def examples():
    told = []
    for given in ("Mario", "Anna", "Luca", "Rosa", "Paolo", "Elena", "Ugo", "Carla"):
        for family in ("Rossi", "Bianchi", "Moretti", "Gallo", "Conti"):
            name = f"{given} {family}"
            for frame in ("{}", "mi chiamo {}", "sono {}", "{} grazie", "il nome è {}, cliente da anni"):
                text = frame.format(name)
                told.append((text, "give_name", [Span(text.index(name), text.index(name) + len(name), "person")]))
    return told + [(text, "out_of_scope", []) for text in CHATTER]


@pytest.fixture(scope="module")
def dictionary():
    return Dictionary.of_spacy()


@pytest.fixture(scope="module")
def reader(tmp_path_factory, dictionary):
    path = tmp_path_factory.mktemp("answers") / "person.crfsuite"
    lessons = made.lessons("person", examples(), NAMES, dictionary)
    return AnswerTagger("person", Lexicon.read_wide(LEXICON), dictionary).fit(lessons, path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mi chiamo Franco Battaglia", "Franco Battaglia"),
        ("non trovo la borsa, sono Franco Battaglia", "Franco Battaglia"),
        ("il nome è Zelmira Trottolini, come si scrive", "Zelmira Trottolini"),
    ],
)
def test_a_name_is_found_among_words_that_it_was_not_learnt_with(reader, text, name):
    answer = reader.read(text)
    assert [text[start:end] for start, end in answer.parts] == [name]
    assert answer.likely > 0.9


def test_no_name_is_likely_where_there_is_none(reader):
    assert reader.read("quanto costa la polizza").likely < 0.5
    assert reader.read("").parts == ()


def test_a_stored_reader_reads_what_the_trained_one_reads(reader, tmp_path, dictionary):
    path = tmp_path / "copy.crfsuite"
    path.write_bytes(reader._model)
    other = AnswerTagger("person", Lexicon.read_wide(LEXICON), dictionary).load(path)
    text = "sono Franco Battaglia"
    assert other.read(text) == reader.read(text)


def test_in_a_lesson_that_was_drawn_the_marked_part_is_a_name_and_the_rest_is_not(dictionary):
    """The words of names are told by the letters that only they have."""
    told = [
        ("xamo Qarq Qurq xine", "give_name", [Span(5, 14, "person")]),
        ("xaltro Qirq", "give_name", [Span(7, 11, "person")]),
    ]
    drawn = [lesson for lesson in made.lessons("person", told, ["qarq qurq qirq"], dictionary) if lesson[1]]
    assert len(drawn) > 100
    for text, parts in drawn:
        inside = " ".join(text[start:end] for start, end in parts)
        outside = text
        for start, end in reversed(parts):
            outside = outside[:start] + outside[end:]
        assert "q" in inside.lower()
        assert "q" not in outside.lower()


def test_invented_names_keep_the_case_and_the_place_of_the_parts():
    inventor = Inventor(["rossi", "russo", "rosso", "bianchi"])
    for seed in range(50):
        name, parts = inventor.renamed("ROSSI, nome Carlo", ((0, 5), (12, 17)), random.Random(seed))
        first, second = (name[start:end] for start, end in parts)
        assert first.isupper()
        assert second.replace("'", "").replace(" ", "").isalpha()
        assert second[0].isupper()
        assert name == f"{first}, nome {second}"


def test_words_of_a_company_that_say_what_it_is_are_not_replaced():
    inventor = Inventor(["rossi"], ["telefono"], frozenset({"srl"}))
    names = {inventor.renamed("Bianchi srl", ((0, 11),), random.Random(seed))[0] for seed in range(50)}
    assert all(name.endswith(" srl") for name in names)
    assert len(names) > 1


def test_a_company_alone_is_no_person_and_what_may_be_either_teaches_nothing(dictionary):
    company, either = "Rossi Impianti srl", "La Rosa Blu"
    told = [(text, "give_company_name", [Span(0, len(text), "company")]) for text in (company, either)]
    assert made.lessons("person", told, NAMES, dictionary) == [(company, ())]


def test_answers_by_hand_are_lessons_in_full_and_those_without_a_name_teach_that(dictionary):
    told = examples() + [(f"aspetti {number} minuti", "wait", []) for number in range(6000)]
    by_hand = [
        ("segni Wxyz, quella di Lodi", "give_name", [Span(6, 10, "person")]),
        ("e se non lo dico?", "none", []),
    ]
    lessons = made.lessons("person", told, NAMES, dictionary, by_hand=by_hand)
    assert ("segni Wxyz, quella di Lodi", ((6, 10),)) in lessons
    assert ("e se non lo dico?", ()) in lessons  # never among those that are not drawn
    assert sum(not parts for _, parts in lessons) < len(told)


def test_every_file_of_answers_by_hand_is_read_and_marks_what_it_says():
    told = [one for path in BY_HAND.glob("*.txt") for one in made.read_answers(path)]
    assert len(told) > 2700
    for text, intent, spans in told:
        kinds = {span.label for span in spans}
        assert "[" not in text
        assert "](" not in text
        if intent == "give_data":
            assert kinds <= {"person", "company", "contact"}
            assert kinds
        else:
            assert kinds == {"give_name": {"person"}, "give_company_name": {"company"}, "none": set()}[intent]


def test_annotations_of_composed_answers_become_spans(tmp_path):
    (tmp_path / "answers.txt").write_text("# composed\ngive_name\tsono [Ada](person), [ditta](customer_type:azienda)\n")
    assert made.composed_answers(tmp_path) == [
        ("sono Ada, ditta", "give_name", [Span(5, 8, "person"), Span(10, 15, "customer_type")])
    ]


@pytest.mark.parametrize(
    ("text", "label", "marked", "whole"),
    [
        ("SRL Edilnova 96", "company", "Edilnova 96", "SRL Edilnova 96"),
        ("Tende Neri dal 1920, grazie", "company", "Tende Neri", "Tende Neri dal 1920"),
        ("Neri srl dal 1920", "company", "Neri srl", "Neri srl"),
        ("siamo lo studio Studio Neri", "company", "studio Studio Neri", "Studio Neri"),
        ("Giochi & Sorrisi (ludoteca)", "company", "Giochi & Sorrisi (ludoteca)", "Giochi & Sorrisi"),
        (
            "Ceramiche Neri S.a.s. di Interlandi",
            "company",
            "Ceramiche Neri S.a.s. di Interlandi",
            "Ceramiche Neri S.a.s. di Interlandi",
        ),
        ("Neri Società a responsabilità limitata", "company", "Neri Società", "Neri Società a responsabilità limitata"),
        (
            "Polo Nord s.n.c. di Neri L. e M.",
            "company",
            "Polo Nord s.n.c. di Neri L. e M",
            "Polo Nord s.n.c. di Neri L. e M.",
        ),
        ("DELL'AURORA", "company", "AURORA", "AURORA"),
        ("sono io, la Pina Neri", "person", "la Pina Neri", "Pina Neri"),
        ("la rosa pina", "person", "la rosa pina", "la rosa pina"),
        ("siamo lo Studio Neri", "company", "lo Studio Neri", "Studio Neri"),
        ("metti pure Neri Marmi", "company", "pure Neri Marmi", "Neri Marmi"),
        ("ditta mia neri marmi", "company", "mia neri marmi", "neri marmi"),
        ("il nome è Condominio via Neri 12/A", "company", "Condominio via Neri 12", "Condominio via Neri 12/A"),
        ("elle neri esse enne ci", "company", "elle neri esse enne", "elle neri esse enne ci"),
        ("– Neri Marmi", "company", "– Neri Marmi", "Neri Marmi"),
        ("Ada Neri però mi dicono Dada", "person", "Ada Neri però", "Ada Neri"),
    ],
)
def test_the_edges_of_what_was_asked_for_are_settled(text, label, marked, whole):
    span = Span(text.index(marked), text.index(marked) + len(marked), label)
    assert [text[one.start : one.end] for one in settled(text, [span], was_asked=True)] == [whole]


def test_a_town_behind_the_form_is_where_the_company_is(dictionary):
    reader = AnswerTagger("company", Lexicon.read_wide(LEXICON), dictionary)
    texts = ["Neri srl di Frosinone", "Neri sas di Rossi", "Neri snc di Frosinone Ada", "Panificio di Frosinone"]
    kept = [text[slice(*reader._without_town(text, Span(0, len(text), "company")))] for text in texts]
    assert kept == ["Neri srl", *texts[1:]]


def test_a_slip_of_a_common_given_name_is_seen():
    lexicon = Lexicon.read_wide(LEXICON)
    assert all(map(lexicon.is_near_a_given_name, ["giusepe", "lugi", "framcesca", "marai", "stefanno"]))
    assert not any(map(lexicon.is_near_a_given_name, ["polizza", "registrarmi", "codice", "ugo", "3331234567"]))


def test_words_of_talk_are_those_said_more_often_outside_names():
    told = [
        ("sono Ada Neri", "give_name", [Span(5, 13, "person")]),
        ("sono qui per Ada", "help", []),
        ("Ada Galli qui", "give_name", [Span(0, 9, "person")]),
    ]
    assert made.talk(told) == {"sono", "qui"}


def test_what_is_left_of_a_bare_company_belongs_to_it_unless_it_is_talk(tmp_path, dictionary, monkeypatch):
    monkeypatch.setattr(asked, "_SURELY_NONE", 1.1)  # so that the few lessons here don't decide
    names = ["Bottega Ada", "Officina Bruni", "Panificio Conti", "Vetreria Sala", "Ferramenta Gatti", "Mobili Serra"]
    told = [(name, "give_company_name", [Span(0, len(name), "company")]) for name in names] * 10
    told += [(text, "out_of_scope", []) for text in ("quanto costa", "oli e vini", "vini", "oli", "pane e vini")] * 30
    lessons = made.lessons("company", told, NAMES, dictionary)
    text = "Panificio Conti, vini"
    read = {}
    for talk in ((), ("vini",)):
        reader = AnswerTagger("company", Lexicon.read_wide(LEXICON), dictionary, talk)
        parts = reader.fit(lessons, tmp_path / "company.crfsuite").read(text).parts
        read[talk] = [text[start:end] for start, end in parts]
    assert read == {(): ["Panificio Conti, vini"], ("vini",): ["Panificio Conti"]}
