"""The NLU component that config.yml names: marks contacts, names and companies, decides the intent, reads values."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from engine.nlu.reader import Example, Reader, Reading


@DefaultV1Recipe.register(
    [
        DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER,
        DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR,
    ],
    is_trainable=True,
)
class Understanding(GraphComponent):  # type: ignore[misc]
    """Intent and entities of a message. One component, since the two inform each other."""

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, reader: Reader | None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._reader = reader

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`lexicon`: the folder of word lists, read in training only."""
        return {"lexicon": "data/nlu/lexicon"}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """The word lists are no training data to Rasa, yet the model depends on them."""
        digest = hashlib.sha256()
        for path in sorted(Path(config.get("lexicon", cls.get_default_config()["lexicon"])).rglob("*.txt")):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Understanding:
        """An untrained component."""
        return cls(config, model_storage, resource, None)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Understanding:
        """The trained component. Raises ValueError when the model holds none."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, Reader.load(Path(folder)))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples and write the model."""
        examples = [example_of(message) for message in training_data.intent_examples]
        random.Random(1).shuffle(examples)
        synonyms = [(text, value) for text, value in training_data.entity_synonyms.items()]
        with self._storage.write_to(self._resource) as folder:
            Reader.train(examples, synonyms, Path(self._config["lexicon"]), Path(folder))
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent, its ranking and the entities of each message."""
        if self._reader is None:
            raise ValueError("the NLU model is not loaded")
        for message in messages:
            text = message.get("text")
            if text:
                _note(message, self._reader.read(text))
        return messages


def example_of(message: Message) -> Example:
    """A message of Rasa's training data as we learn from it."""
    spans = tuple(
        (entity["start"], entity["end"], entity["entity"], str(entity["value"]))
        for entity in message.get("entities") or []
    )
    return Example(message.get("text"), message.get("intent"), spans)


def _note(message: Message, reading: Reading) -> None:
    ranking = [{"name": name, "confidence": confidence} for name, confidence in reading.intents]
    message.set("intent", ranking[0], add_to_output=True)
    message.set("intent_ranking", ranking[:10], add_to_output=True)
    message.set("entities", _entities(reading), add_to_output=True)
    asked = {kind: {"parts": answer.parts, "likely": answer.likely} for kind, answer in reading.asked.items()}
    message.set("asked", asked, add_to_output=True)


def _entities(reading: Reading) -> Sequence[dict[str, Any]]:
    return [
        {"entity": entity, "start": start, "end": end, "value": value, "extractor": "Understanding"}
        for start, end, entity, value in reading.entities
    ]
