"""The keys file: made once, readable by its owner alone, never silently replaced."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from areaclienti.keys import KEY_NAMES, KeysFileError, load_or_make_keys


def test_made_once_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "var" / "keys.json"
    first = load_or_make_keys(path)
    assert first.keys() == set(KEY_NAMES)
    assert len(set(first.values())) == len(KEY_NAMES)
    assert all(len(base64.urlsafe_b64decode(value)) == 32 for value in first.values())
    assert load_or_make_keys(path) == first


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    load_or_make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_of_a_newer_version_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old = load_or_make_keys(path)
    path.write_text(json.dumps({name: key for name, key in old.items() if name != "vault_key"}))
    new = load_or_make_keys(path)
    assert new["vault_key"] != old["vault_key"]
    assert {name: new[name] for name in new if name != "vault_key"} == {
        name: old[name] for name in old if name != "vault_key"
    }


@pytest.mark.parametrize(
    "content", ["", "not json", "[]", '{"code_key": "c2hvcnQ="}', '{"code_key": 7}', '{"code_key": "\\u00e8"}']
)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(KeysFileError) as caught:
        load_or_make_keys(path)
    assert path.read_text() == content
    assert "c2hvcnQ" not in str(caught.value)
