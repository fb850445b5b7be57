"""Reads each training example with a model that has not seen it or its like; writes JSON lines, for crossval.py."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

FOLDS = 3
FALLBACK = 0.3  # config.yml: below it, Rasa's FallbackClassifier puts nlu_fallback first


def main() -> None:
    """`python -m benchmarks.nlu.folds`, with the engine's environment; about three trainings' time."""
    warnings.filterwarnings("ignore")
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")  # libraries print on stdout when they are loaded
    os.dup2(2, 1)
    from engine import absent

    absent.install()
    _read_all(results)
    results.flush()


def _read_all(results: TextIO) -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    from benchmarks.nlu.compare import LEXICON, training_examples
    from engine.nlu.reader import Reader, near_duplicates

    examples, synonyms = training_examples()
    labels = [example.intent for example in examples]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=3)
    for train, test in folds.split(labels, labels, near_duplicates(examples)):
        with TemporaryDirectory() as folder:
            reader = Reader.train([examples[at] for at in train], synonyms, LEXICON, Path(folder))
            for at in test:
                line = {"message": _message(examples[at]), "parsed": parsed_by(reader, examples[at].text)}
                results.write(json.dumps(line, ensure_ascii=False) + "\n")


def _message(example: Any) -> dict[str, Any]:
    """As in tests/nlu; without entities where one kind stands twice, since they don't say which is kept."""
    kinds = [entity for _, _, entity, _ in example.entities]
    once = {
        entity: example.text[start:end] if entity in {"person", "company", "contact"} else value
        for start, end, entity, value in example.entities
        if kinds.count(entity) == 1
    }
    return {"text": example.text, "intent": example.intent, "entities": once}


def parsed_by(reader: Any, text: str) -> dict[str, Any]:
    """What the engine's parse of a text would be."""
    began = time.perf_counter()
    reading = reader.read(text)
    milliseconds = (time.perf_counter() - began) * 1000
    ranking = [{"name": name, "confidence": confidence} for name, confidence in reading.intents[:10]]
    if ranking[0]["confidence"] < FALLBACK:
        ranking.insert(0, {"name": "nlu_fallback", "confidence": FALLBACK})
    entities = [
        {"entity": entity, "start": start, "end": end, "value": value} for start, end, entity, value in reading.entities
    ]
    asked = {kind: {"parts": answer.parts, "likely": answer.likely} for kind, answer in reading.asked.items()}
    return {"intent": ranking[0], "intent_ranking": ranking, "entities": entities, "asked": asked, "ms": milliseconds}


if __name__ == "__main__":
    sys.exit(main())
