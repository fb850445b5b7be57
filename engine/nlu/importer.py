"""Reads the training data once a training: Rasa asks for them three times, and parses the files each time."""

from __future__ import annotations

from typing import Any

from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.training_data import TrainingData


class OnceReadImporter(RasaFileImporter):  # type: ignore[misc]
    """Rasa's file importer with the NLU data kept. Whoever gets them copies them (`TrainingData.merge`)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._nlu: TrainingData | None = None

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """All NLU training data; the language is that of the configuration."""
        if self._nlu is None:
            self._nlu = super().get_nlu_data(language)
        return self._nlu
