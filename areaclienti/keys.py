"""The product's secret keys: made once at the first start, kept in var/keys.json, read back by name."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

KEY_NAMES: Final = (
    "engine_key",
    "actions_key",
    "identity_gateway_key",
    "identity_actions_key",
    "code_key",
    "vault_key",
    "desk_key",
    "metrics_key",
    "whatsapp_intake_key",
    "whatsapp_access_token",
    "whatsapp_app_secret",
    "whatsapp_verify_token",
)
# Keys that this product shares with Meta: ours are for the simulator alone.
METAS_KEYS: Final = ("whatsapp_access_token", "whatsapp_app_secret", "whatsapp_verify_token")
KEY_BYTES: Final = 32


class KeysFileError(Exception):
    """var/keys.json can't be used; the text says why, never what is in it."""


def load_or_make_keys(path: Path) -> dict[str, str]:
    """Return every key of `KEY_NAMES`, each as URL-safe base64 of 32 random bytes.

    The file is made (mode 0600, never half-written) when it is not there, and gets a key that a newer version of the
    product added. A key that is there is never changed: `code_key` and `vault_key` protect stored data.

    Raises `KeysFileError` when the file exists but can't be read or is damaged, `OSError` when it can't be written.
    """
    keys = _read(path) if path.exists() else {}
    missing = [name for name in KEY_NAMES if name not in keys]
    if missing:
        keys |= {name: new_key() for name in missing}
        _write(path, keys)
    return {name: keys[name] for name in KEY_NAMES}


def new_key() -> str:
    """Return a fresh key: URL-safe base64 of 32 random bytes, with padding (the form Fernet takes)."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError:
        raise KeysFileError("this user may not read it") from None
    except (ValueError, UnicodeDecodeError):
        raise KeysFileError("it is not JSON") from None
    if not isinstance(content, Mapping):
        raise KeysFileError("it is not a JSON object")
    for name in KEY_NAMES:
        if name in content and not _is_key(content[name]):
            raise KeysFileError(f"{name} is not {KEY_BYTES} bytes in URL-safe base64")
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return dict(content)


def _is_key(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return len(base64.b64decode(value.encode("ascii"), altchars=b"-_", validate=True)) == KEY_BYTES
    except (binascii.Error, UnicodeEncodeError):
        return False


def _write(path: Path, keys: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(keys), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
