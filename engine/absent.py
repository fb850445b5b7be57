"""Libraries that Rasa imports and this engine leaves out on purpose: importable by name, an error as soon as used.

Rasa 3.6 imports TensorFlow, every connector and every tracker store at start-up, also where none is configured. Each
name in `ABSENT` gets a stand-in whose attributes can be named in annotations and subclassed (all that an import does)
but not called. A library that is installed after all is used as it is.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

ABSENT: dict[str, str] = {
    "tensorflow": "machine learning of DIET, TED, UnexpecTED and ResponseSelector",
    "tensorflow_hub": "ConveRT features",
    "tensorflow_text": "ConveRT features",
    "keras": "machine learning of DIET and TED",
    "boto3": "DynamoDB tracker store and S3 models",
    "botocore": "DynamoDB tracker store and S3 models",
    "pymongo": "MongoDB tracker store",
    "psycopg2": "PostgreSQL tracker store",
    "aio_pika": "RabbitMQ event broker",
    "aiormq": "RabbitMQ event broker",
    "confluent_kafka": "Kafka event broker",
    "matplotlib": "plots of `rasa test`",
    "pydot": "story graphs of `rasa visualize`",
    "aiogram": "Telegram channel",
    "fbmessenger": "Facebook channel",
    "google.auth": "Hangouts channel",
    "google.oauth2": "Hangouts channel",
    "cachecontrol": "Hangouts channel",
    "mattermostwrapper": "Mattermost channel",
    "rocketchat_API": "Rocket.Chat channel",
    "slack_sdk": "Slack channel",
    "twilio": "Twilio channels",
    "webexteamssdk": "Webex channel",
}

# Called while Rasa's modules are being imported, as decorators of methods that are never run here.
_DECORATORS = {"tensorflow.function"}


def _is_part_of(dotted: str, library: str) -> bool:
    return dotted == library or dotted.startswith(library + ".")


class AbsentLibraryError(RuntimeError):
    """Something used a library that the engine leaves out; the text names the library and what to do."""

    def __init__(self, used: str) -> None:
        library = next(name for name in ABSENT if _is_part_of(used, name))
        super().__init__(
            f"{used} was used, but the engine runs without {library} on purpose ({ABSENT[library]}). "
            f"Either take what needs it out of config.yml, endpoints.yml or credentials.yml, "
            f"or add {library} to the group 'engine' in pyproject.toml, run `make pins` and start again."
        )


class _AbsentType(type):
    """Class of the stand-ins: a name in an annotation or a base class, never more."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{cls.__qualname__}.{name}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        absent = cls.__dict__.get("_absent") or _absent_base(cls)
        if absent in _DECORATORS:
            return args[0] if args and callable(args[0]) else _identity
        raise AbsentLibraryError(absent)


def _identity(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _absent_base(cls: type) -> str:
    return next(base.__dict__["_absent"] for base in cls.__mro__ if "_absent" in base.__dict__)


_made: dict[str, type] = {}


def _stand_in(dotted: str) -> type:
    if dotted not in _made:
        _made[dotted] = _AbsentType(
            dotted.rsplit(".", 1)[-1],
            (),
            {"_absent": dotted, "__qualname__": dotted, "__module__": dotted.split(".", 1)[0]},
        )
    return _made[dotted]


class _AbsentModule(types.ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not any(_is_part_of(fullname, name) for name in self._names):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        return None


def install() -> set[str]:
    """Put stand-ins in place of the absent libraries that are really not installed; returns their names."""
    missing = {name for name in ABSENT if name not in sys.modules and not _is_installed(name)}
    sys.meta_path.append(_Finder(missing))
    return missing


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the parent of a dotted name is missing
        return False
