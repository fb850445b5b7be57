"""Where the product runs: its root folder, var/, and the environment that the operator gave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import ValidationError

import areaclienti
from areaclienti.keys import KEY_NAMES, METAS_KEYS, KeysFileError, load_or_make_keys
from areaclienti.settings import SupervisorSettings
from areaclienti.supervisor.problem import OperatorProblem

PREFIX = "AREACLIENTI_"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`environment` is the operator's: what `.env` says, and above it the process's own environment."""

    root: Path
    var: Path
    settings: SupervisorSettings
    environment: Mapping[str, str]

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def whatsapp(self) -> Literal["off", "simulator", "live"]:
        """Which WhatsApp the product has: what the operator chose; else the simulator where nothing is really sent."""
        return self.settings.whatsapp or ("simulator" if self.settings.delivery == "mailbox" else "off")

    def keys(self) -> dict[str, str]:
        """Return every key: the operator's own where set, the one of var/keys.json otherwise.

        Raises `OperatorProblem` when the file is damaged, and when live WhatsApp lacks what only the operator has.
        """
        self._check_live_whatsapp()
        # A live account's data are not for the simulator.
        own = [name for name in KEY_NAMES if self.whatsapp == "live" or name not in METAS_KEYS]
        given = {name: self.environment[variable(name)] for name in own if self.environment.get(variable(name))}
        needed = KEY_NAMES if self.whatsapp != "off" else [name for name in own if not name.startswith("whatsapp_")]
        if given.keys() >= set(needed):
            return given
        path = self.var / "keys.json"
        try:
            return load_or_make_keys(path) | given
        except KeysFileError as error:
            raise OperatorProblem(
                f"The keys file {path} can't be used: {error}.",
                "Put back your copy; without one, delete it together with the databases in var/, which it protects.",
            ) from None

    def _check_live_whatsapp(self) -> None:
        from_meta = (*METAS_KEYS, "whatsapp_phone_number_id")
        missing = [variable(name) for name in from_meta if not self.environment.get(variable(name))]
        if self.whatsapp == "live" and missing:
            raise OperatorProblem(
                f"Live WhatsApp needs {' and '.join(missing)}.",
                f"docs/whatsapp.md says where Meta shows them; {variable('whatsapp')}=off starts without WhatsApp.",
            )


def variable(setting: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + setting.upper()


def find_surroundings(environment: Mapping[str, str] | None = None) -> Surroundings:
    """Read the surroundings of this process, or of `environment` (which then counts alone, without `.env`).

    Raises `OperatorProblem` for a setting that can't be understood.
    """
    root = Path(areaclienti.__file__).parents[1]
    merged = dict(environment) if environment is not None else _with_env_file(root)
    given = {name: merged[variable(name)] for name in SupervisorSettings.model_fields if merged.get(variable(name))}
    try:
        settings = SupervisorSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = variable(str(first["loc"][0]))
        raise OperatorProblem(
            f"The setting {name} can't be used: {first['msg']}.", "docs/operations.md lists the settings."
        ) from None
    return Surroundings(root, (root / settings.var_dir).absolute(), settings, merged)


def _with_env_file(root: Path) -> dict[str, str]:
    from_file = {name: value for name, value in dotenv_values(root / ".env").items() if value is not None}
    return from_file | dict(os.environ)
