"""A linear classifier over grouped string features with a calibrated confidence; stored as plain arrays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import LinearSVC

Grouped = Mapping[str, Counter[str]]


class LinearClassifier:
    """One-against-rest linear SVM on length-normalised feature groups; the softmax of its margins is calibrated.

    `weights`: how much each group of features counts (0 leaves it out). `cost`: the SVM's C. `fewest`: features that
    occur in fewer examples are dropped.
    """

    def __init__(self, weights: Mapping[str, float], cost: float = 0.3, fewest: int = 2) -> None:
        self._weights = {group: weight for group, weight in weights.items() if weight}
        self._cost, self._fewest = cost, fewest
        self.labels: list[str] = []
        self._columns: dict[str, int] = {}
        self._idf = np.zeros(0, np.float32)
        self._coefficients = np.zeros((0, 0), np.float32)
        self._bias = np.zeros(0, np.float32)
        self.temperature = 1.0

    def fit(
        self, examples: Sequence[Grouped], labels: Sequence[str], groups: Sequence[int] | None = None
    ) -> LinearClassifier:
        """Train; with `groups` (near-duplicates share one) the confidence is calibrated on a third held out."""
        matrix = self.learn_matrix(examples)
        self.labels = sorted(set(labels))
        place = {label: at for at, label in enumerate(self.labels)}
        wanted = np.array([place[label] for label in labels])
        if groups is not None:
            self.temperature = self._calibrated(matrix, wanted, np.asarray(groups))
        self._coefficients, self._bias = self._trained(matrix, wanted)
        return self

    def learn_matrix(self, examples: Sequence[Grouped]) -> csr_matrix:
        """Settle which features count, and give the examples as rows of their weights."""
        self._learn_columns(examples)
        return self.matrix(examples)

    def scores(self, example: Grouped) -> npt.NDArray[np.float32]:
        """The confidence in each of `labels`; they sum to 1."""
        return self.many([example])[0]

    def many(self, examples: Sequence[Grouped]) -> npt.NDArray[np.float32]:
        """`scores` of several examples."""
        return _softmax((self.matrix(examples) @ self._coefficients.T + self._bias) / self.temperature)

    def save(self, folder: Path) -> None:
        """Write the model's two files into a folder."""
        np.savez_compressed(
            folder / "weights.npz",
            coefficients=self._coefficients.astype(np.float16),
            bias=self._bias,
            idf=self._idf,
        )
        about = {
            "labels": self.labels,
            "weights": self._weights,
            "temperature": self.temperature,
            "columns": list(self._columns),
        }
        (folder / "classifier.json").write_text(json.dumps(about, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> LinearClassifier:
        """From a folder that `save` wrote."""
        about = json.loads((folder / "classifier.json").read_text("utf-8"))
        model = cls(about["weights"])
        model.labels, model.temperature = about["labels"], about["temperature"]
        model._columns = {name: at for at, name in enumerate(about["columns"])}
        with np.load(folder / "weights.npz", allow_pickle=False) as stored:
            model._coefficients = stored["coefficients"].astype(np.float32)
            model._bias, model._idf = stored["bias"], stored["idf"]
        return model

    def _learn_columns(self, examples: Sequence[Grouped]) -> None:
        counts: Counter[str] = Counter()
        for example in examples:
            counts.update(f"{group}:{name}" for group in self._weights for name in example[group])
        kept = sorted(name for name, times in counts.items() if times >= self._fewest)
        self._columns = {name: at for at, name in enumerate(kept)}
        total = len(examples)
        self._idf = np.array([np.log((1 + total) / (1 + counts[name])) + 1 for name in kept], np.float32)

    def matrix(self, examples: Sequence[Grouped]) -> csr_matrix:
        """Examples as rows of the weights of the features that count."""
        values: list[npt.NDArray[np.float32]] = []
        indices: list[int] = []
        starts = [0]
        for example in examples:
            for group, weight in self._weights.items():
                known = [(self._columns.get(f"{group}:{name}"), times) for name, times in example[group].items()]
                known = [(at, times) for at, times in known if at is not None]
                if known:
                    at = [place for place, _ in known]
                    raw = (1 + np.log(np.array([times for _, times in known], np.float32))) * self._idf[at]
                    values.append(weight * raw / np.linalg.norm(raw))
                    indices += at
            starts.append(len(indices))
        data = np.concatenate(values) if values else np.zeros(0, np.float32)
        return csr_matrix((data, indices, starts), shape=(len(examples), len(self._columns)), dtype=np.float32)

    def _trained(self, matrix: csr_matrix, wanted: npt.NDArray[np.int64]) -> tuple[npt.NDArray, npt.NDArray]:
        svm = LinearSVC(C=self._cost, class_weight=None, dual=True, tol=1e-2, max_iter=300, random_state=1)
        svm.fit(matrix, wanted)
        if len(svm.classes_) == 2:  # one row for both
            return np.vstack([-svm.coef_, svm.coef_]), np.append(-svm.intercept_, svm.intercept_)
        return svm.coef_.astype(np.float32), svm.intercept_.astype(np.float32)

    def _calibrated(self, matrix: csr_matrix, wanted: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]) -> float:
        """The temperature at which held-out confidence is least surprised."""
        folds = StratifiedGroupKFold(3, shuffle=True, random_state=1)
        train, test = next(folds.split(matrix, wanted, groups))
        coefficients, bias = self._trained(matrix[train], wanted[train])
        margins, meant = matrix[test] @ coefficients.T + bias, wanted[test]

        def surprise(temperature: float) -> float:
            likely = _softmax(margins / temperature)[np.arange(len(meant)), meant]
            return float(-np.log(likely + 1e-9).mean())

        return float(minimize_scalar(surprise, bounds=(0.02, 20.0), method="bounded").x)


def _softmax(margins: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
