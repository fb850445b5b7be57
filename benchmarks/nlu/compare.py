"""Compares classifiers on our features, trained on the training data and measured on a set (with .venv-engine)."""

from __future__ import annotations

import argparse
import random
import resource
import tarfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from engine import absent

LEXICON = Path("data/nlu/lexicon")
SETS = Path("tests/nlu")
CANDIDATES: dict[str, Callable[[], Any]] = {
    "linear SVM (in use)": lambda: LinearSVC(C=0.3, tol=1e-2, max_iter=300, random_state=1),
    "logistic regression": lambda: LogisticRegression(
        C=10.0, tol=1e-2, solver="liblinear", multi_class="ovr", random_state=1
    ),
    "SGD, modified Huber": lambda: SGDClassifier(loss="modified_huber", alpha=1e-5, random_state=1),
    "complement naive Bayes": lambda: ComplementNB(alpha=0.3),
}


def main() -> None:
    """Print a line for each set and candidate: intents right, out of scope, seconds of CPU to train, ms to decide.

    No threshold, hence no fallback: out of scope counts as found when the classifier says so.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlu.compare", description=__doc__)
    parser.add_argument("--sets", nargs="+", default=["development"], help="folders of tests/nlu")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    absent.install()
    from engine.nlu.dictionary import Dictionary
    from engine.nlu.features import Features, common_words
    from engine.nlu.lexicon import Lexicon
    from engine.nlu.linear import LinearClassifier
    from engine.nlu.normal import words
    from engine.nlu.reader import COMMON, COST, WEIGHTS, grouped_examples

    examples, _ = training_examples()
    lexicon, dictionary = Lexicon.read(LEXICON), Dictionary.of_spacy()
    features = Features(lexicon, dictionary, common_words([words(example.text) for example in examples], COMMON))
    columns = LinearClassifier(WEIGHTS, COST)
    matrix = columns.learn_matrix(grouped_examples(examples, features, lexicon, dictionary))
    labels = np.array([example.intent for example in examples])
    reader = trained_reader(Path("models"))
    sets = {}
    for name in arguments.sets:
        messages = [
            one for path in sorted((SETS / name).glob("*.yml")) for one in yaml.safe_load(path.read_text("utf-8"))
        ]
        rows = columns.matrix([reader.grouped(message["text"]) for message in messages])
        sets[name] = rows, np.array([message["intent"] for message in messages])
    print(f"{len(examples)} examples, {matrix.shape[1]} features")
    for name, make in CANDIDATES.items():
        began = time.process_time()
        model = make().fit(matrix, labels)
        seconds = time.process_time() - began
        for set_name, (rows, meant) in sets.items():
            began = time.process_time()
            found = np.array([model.predict(row)[0] for row in rows])
            decide_ms = (time.process_time() - began) / len(meant) * 1000
            outside = meant == "out_of_scope"
            print(
                f"{set_name:12} {name:24} intents {np.mean(found == meant):.4f}  "
                f"out of scope {np.mean(found[outside] == 'out_of_scope'):.3f} "
                f"at {np.mean(found[~outside] == 'out_of_scope'):.4f}  "
                f"train {seconds:.1f} s CPU  decide {decide_ms:.2f} ms CPU  "
                f"peak so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB",
                flush=True,
            )


def training_examples() -> tuple[list[Any], list[tuple[str, str]]]:
    """All examples in the order of a training, and the synonyms as (text, value)."""
    from rasa.shared.importers.utils import training_data_from_paths

    from engine.nlu.understanding import example_of

    data = training_data_from_paths([str(path) for path in sorted(Path("data/nlu").glob("*.yml"))], "it")
    examples = [example_of(message) for message in data.intent_examples]
    random.Random(1).shuffle(examples)
    return examples, list(data.entity_synonyms.items())


def trained_reader(models: Path) -> Any:
    """The reader of the newest model in a folder."""
    from engine.nlu.reader import Reader

    newest = max(models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    with TemporaryDirectory() as folder, tarfile.open(newest) as archive:
        archive.extractall(folder, filter="data")
        return Reader.load(next(Path(folder).rglob("names.crfsuite")).parent)


if __name__ == "__main__":
    main()
