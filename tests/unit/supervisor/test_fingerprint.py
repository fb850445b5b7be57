"""The model is trained again exactly when the content of its sources changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from areaclienti.supervisor.fingerprint import fingerprint, needs_training, remember_training


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in {
        "config.yml": "language: it",
        "domain.yml": "intents: []",
        "data/nlu/names.yml": "nlu: []",
        "engine/store.py": "x = 1",
        "models/a.tar.gz": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    remember_training(tmp_path, fingerprint(tmp_path))
    return tmp_path


def test_a_trained_project_needs_no_training_even_when_files_were_touched(project: Path) -> None:
    os.utime(project / "domain.yml", (0, 0))
    (project / "README.md").write_text("words")
    (project / "engine" / "__pycache__").mkdir()
    (project / "engine" / "__pycache__" / "store.py").write_text("")
    assert not needs_training(project)


@pytest.mark.parametrize(
    "name", ["config.yml", "domain.yml", "data/nlu/names.yml", "data/rules/new.yml", "engine/store.py"]
)
def test_changed_content_needs_training(project: Path, name: str) -> None:
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("changed")
    assert needs_training(project)


def test_a_renamed_file_needs_training(project: Path) -> None:
    (project / "data" / "nlu" / "names.yml").rename(project / "data" / "nlu" / "people.yml")
    assert needs_training(project)


def test_without_a_model_it_needs_training(project: Path) -> None:
    (project / "models" / "a.tar.gz").unlink()
    assert needs_training(project)


def test_a_change_while_it_trained_needs_training_again(project: Path) -> None:
    before = fingerprint(project)
    (project / "domain.yml").write_text("changed meanwhile")
    remember_training(project, before)
    assert needs_training(project)
