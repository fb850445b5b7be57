"""Compares classifiers on our features by cross-validation on the training data; needs the engine's environment."""

from __future__ import annotations

import random
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from engine import absent

LEXICON = Path("data/nlu/lexicon")
CANDIDATES: dict[str, Callable[[], Any]] = {
    "linear SVM (in use)": lambda: LinearSVC(C=0.3, tol=1e-2, max_iter=300, random_state=1),
    "logistic regression, lbfgs": lambda: LogisticRegression(C=10.0, tol=1e-3, max_iter=100),
    "SGD, modified Huber": lambda: SGDClassifier(loss="modified_huber", alpha=1e-5, random_state=1),
    "complement naive Bayes": lambda: ComplementNB(alpha=0.3),
}


def main() -> None:
    """Print one line for each candidate: accuracy, out of scope, seconds to train, milliseconds to decide."""
    warnings.filterwarnings("ignore")
    absent.install()
    from engine.nlu.dictionary import Dictionary
    from engine.nlu.features import Features, common_words
    from engine.nlu.lexicon import Lexicon
    from engine.nlu.linear import LinearClassifier
    from engine.nlu.normal import words
    from engine.nlu.reader import COMMON, COST, WEIGHTS, grouped_examples, near_duplicates

    examples = _examples()
    lexicon, dictionary = Lexicon.read(LEXICON), Dictionary.of_spacy()
    common = common_words([words(example.text) for example in examples], COMMON)
    grouped = grouped_examples(examples, Features(lexicon, dictionary, common), lexicon, dictionary)
    matrix = LinearClassifier(WEIGHTS, COST).learn_matrix(grouped)
    labels = np.array([example.intent for example in examples])
    folds = list(StratifiedGroupKFold(4, shuffle=True, random_state=3).split(matrix, labels, near_duplicates(examples)))
    print(f"{len(examples)} examples, {matrix.shape[1]} features")
    for name, make in CANDIDATES.items():
        found, train_seconds, decide_ms = np.empty(len(labels), object), [], []
        for train, test in folds:
            began = time.perf_counter()
            model = make().fit(matrix[train], labels[train])
            train_seconds.append(time.perf_counter() - began)
            found[test] = model.predict(matrix[test])
            began = time.perf_counter()
            for row in test[:200]:
                model.predict(matrix[row])
            decide_ms.append((time.perf_counter() - began) * 5)
        outside = labels == "out_of_scope"
        print(
            f"{name:28} accuracy {np.mean(found == labels):.4f}  "
            f"out of scope {np.mean(found[outside] == 'out_of_scope'):.3f} "
            f"at {np.mean(found[~outside] == 'out_of_scope'):.4f}  "
            f"train {np.mean(train_seconds):.1f} s  decide {np.median(decide_ms):.2f} ms  "
            f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB",
            flush=True,
        )


def _examples() -> list[Any]:
    from rasa.shared.importers.utils import training_data_from_paths

    from engine.nlu.understanding import example_of

    data = training_data_from_paths([str(path) for path in sorted(Path("data/nlu").glob("*.yml"))], "it")
    examples = [example_of(message) for message in data.intent_examples]
    random.Random(1).shuffle(examples)
    return examples


if __name__ == "__main__":
    main()
