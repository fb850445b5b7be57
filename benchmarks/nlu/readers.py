"""Compares readers of answers on the same lessons in one run: a CRF, two CRFs, spaCy's NER (with .venv-engine)."""

from __future__ import annotations

import argparse
import random
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from engine import absent

SETS = Path("tests/nlu")
Part = tuple[int, int]
Lesson = tuple[str, tuple[Part, ...]]
Find = Callable[[str], Sequence[Part]]
_SECONDS = 45.0  # that spaCy's NER may train for each kind: as long as both CRFs together take


def main() -> None:
    """Print for each reader, set and kind: names whose span is exact, seconds of CPU to train, ms to read (p50).

    Messages whose right value the marked span does not say (`reads`) are left out; no text is printed.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlu.readers", description=__doc__)
    parser.add_argument("--sets", nargs="+", default=["development", "names/a", "names/c1"], help="sets of tests/nlu")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    absent.install()
    from benchmarks.nlu.compare import LEXICON, training_examples
    from engine.nlu.dictionary import Dictionary
    from engine.nlu.lessons import KINDS, composed_answers, lessons
    from engine.nlu.lexicon import Lexicon

    examples, _ = training_examples()
    told = [(example.text, example.intent, example.spans) for example in examples] + composed_answers(LEXICON)
    wide, dictionary = Lexicon.read_wide(LEXICON), Dictionary.of_spacy()
    names = sorted(wide.listed("given") | wide.listed("family"))
    for kind in KINDS:
        taught = [lessons(kind, told, names, dictionary, seed) for seed in (2, 3)]
        makers: dict[str, Callable[[], Find]] = {
            "CRF (in use)": partial(_crfs, kind, taught[:1], wide, dictionary),
            "two CRFs": partial(_crfs, kind, taught, wide, dictionary),
            "spaCy NER": partial(_spacy, taught[0]),
        }
        for name, make in makers.items():
            began, began_cpu = time.perf_counter(), time.process_time()
            find = make()
            seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
            for set_name in arguments.sets:
                right, count, ms = _measured(find, kind, set_name)
                print(
                    f"{kind:8} {name:14} {set_name:12} exact {right}/{count} = {right / count:.1%}  "
                    f"train {cpu:.0f} s CPU, {seconds:.0f} s by the clock  read {ms:.2f} ms p50",
                    flush=True,
                )


def _crfs(kind: str, taught: Sequence[Sequence[Lesson]], lexicon: Any, dictionary: Any) -> Find:
    """One CRF, or several that were drawn other messages: the mean of their chances decides word by word."""
    from engine.nlu.asked import AnswerTagger
    from engine.nlu.edges import settled
    from engine.nlu.language import tokens_of_names
    from engine.nlu.spans import spans_of

    taggers = []
    with TemporaryDirectory() as folder:
        for number, lesson in enumerate(taught):
            taggers.append(AnswerTagger(kind, lexicon, dictionary).fit(lesson, Path(folder) / f"{number}.crfsuite"))
    if len(taggers) == 1:
        return lambda text: taggers[0].read(text).parts

    def find(text: str) -> list[Part]:
        found = tokens_of_names(text)
        chances = [tagger.chances(text) for tagger in taggers]
        labels = [_likeliest([one[at] for one in chances]) for at in range(len(found))]
        return [(span.start, span.end) for span in settled(text, spans_of(found, labels), was_asked=True)]

    return find


def _likeliest(chances: Sequence[dict[str, float]]) -> str:
    return max(chances[0], key=lambda label: sum(one.get(label, 0.0) for one in chances))


def _spacy(taught: Sequence[Lesson]) -> Find:
    """spaCy's transition-based NER over hashed words, prefixes, suffixes and shapes, without vectors."""
    import spacy
    from spacy.training import Example
    from spacy.util import minibatch

    pipeline = spacy.blank("it")
    small = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        **{"pretrained_vectors": None, "width": 64, "depth": 3, "embed_size": 2000},
        **{"window_size": 1, "maxout_pieces": 3, "subword_features": True},
    }
    ner = {"@architectures": "spacy.TransitionBasedParser.v2", "state_type": "ner", "extra_state_tokens": False}
    shape = {"hidden_width": 64, "maxout_pieces": 2, "use_upper": True, "nO": None, "tok2vec": small}
    pipeline.add_pipe("ner", config={"model": {**ner, **shape}}).add_label("NAME")
    examples = []
    for text, parts in taught:
        made = pipeline.make_doc(text)
        spans = [made.char_span(start, end, "NAME", alignment_mode="expand") for start, end in parts]
        spans = [span for span in spans if span is not None]
        if all(one.end <= other.start for one, other in pairwise(spans)):
            reference = made.copy()
            reference.ents = spans
            examples.append(Example(made, reference))
    chance = random.Random(1)
    optimizer = pipeline.initialize(lambda: examples[:200])
    until = time.process_time() + _SECONDS
    while time.process_time() < until:
        chance.shuffle(examples)
        for batch in minibatch(examples, 128):
            pipeline.update(batch, sgd=optimizer, drop=0.2)
            if time.process_time() >= until:
                break
    return lambda text: [(ent.start_char, ent.end_char) for ent in pipeline(text).ents]


def _measured(find: Find, kind: str, name: str) -> tuple[int, int, float]:
    """How many spans are exact, of how many, and the milliseconds of a reading (p50)."""
    paths = sorted([*SETS.glob(f"{name}/*.yml"), *SETS.glob(f"{name}.yml")])
    messages = [message for path in paths for message in yaml.safe_load(path.read_text("utf-8"))]
    right, count, times = 0, 0, []
    for message in messages:
        wanted = (message.get("entities") or {}).get(kind)
        if wanted is None or message.get("reads"):
            continue
        began = time.perf_counter()
        parts = find(message["text"])
        times.append((time.perf_counter() - began) * 1000)
        count += 1
        right += [message["text"][start:end].strip(" .,") for start, end in parts] == [wanted.strip(" .,")]
    return right, count, statistics.median(times)


if __name__ == "__main__":
    main()
