"""The board of Grafana and the rules of Prometheus name what the services tell, all of it, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.metrics import Metrics as OfGateway
from areaclienti.identity.clock import system_clock
from areaclienti.identity.db.engine import Database
from areaclienti.identity.metrics import Metrics as OfIdentity
from tests.unit.gateway.database import database_file
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import settings_for
from tests.unit.markdown import ROOT

BOARD = json.loads((ROOT / "deploy/grafana/area-clienti.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
NOT_LOOKED_AT = {"areaclienti_process_virtual_memory_bytes"}
# what an operations team must hear of
MUST_WAKE = {
    "QueueOverSla", "NoAgentPresent", "BackEndFails", "CodesNotDelivered", "ErasingLate", "DiskNearlyFull",
    "ProcessRestarted",
}  # fmt: skip
# of Prometheus itself, and of the registries
OF_PROMETHEUS = {"up"}
LABELS = {
    "job", "instance", "le", "part", "outcome", "status", "call", "state", "presence", "channel", "statistic", "branch",
    "reason", "answered", "rating", "stage", "step", "contact", "what", "provider", "system", "method", "route",
}  # fmt: skip


@pytest.fixture
def urls(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Of the gateway's database, and of identity's."""
    (tmp_path / "gateway").mkdir()
    return database_file(tmp_path / "gateway"), a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())


@pytest.fixture
async def told(urls: tuple[str, str]) -> AsyncIterator[dict[str, str]]:
    """Every metric that a service tells, as queries name it, with its kind."""
    of_gateway, url = open_database(urls[0]), urls[1]
    of_identity = Database(url)
    texts = (
        await OfGateway(of_gateway, None).text(),
        await OfIdentity(of_identity, None, settings_for(url), system_clock).text(),
    )
    yield {
        name: family.type
        for text in texts
        for family in text_string_to_metric_families(text.decode())
        for name in named(family.name, family.type)
    }
    await of_gateway.close()
    await of_identity.close()


def named(family: str, kind: str) -> list[str]:
    """How queries name the series of a family."""
    if kind == "counter":
        return [f"{family}_total"]
    return [f"{family}_bucket"] if kind == "histogram" else [family]


def expressions() -> Iterator[str]:
    for panel in BOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    yield from (rule["expr"] for rule in alerts())


def alerts() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def asked_for(expression: str) -> set[str]:
    return set(re.findall(r"\bareaclienti_\w+", expression))


async def test_every_metric_that_is_asked_for_is_told(told: dict[str, str]) -> None:
    missing = {name for expression in expressions() for name in asked_for(expression)} - set(told)
    assert not missing


async def test_every_metric_that_is_told_is_looked_at_and_explained(told: dict[str, str]) -> None:
    looked_at = {name for expression in expressions() for name in asked_for(expression)}
    # Python's own "created" series of counters and histograms say when they began
    ours = {name for name in told if not name.endswith("_created")}
    assert ours - looked_at == NOT_LOOKED_AT
    unexplained = {
        name
        for name in ours - NOT_LOOKED_AT
        if f"`{name.removeprefix('areaclienti_').removesuffix('_bucket')}`" not in OPERATIONS
    }
    assert not unexplained


async def test_rates_are_of_counters_and_gauges_are_taken_as_they_are(told: dict[str, str]) -> None:
    for expression in expressions():
        rated = set(re.findall(r"(?:rate|increase)\((areaclienti_\w+)", expression))
        assert {told[name] for name in rated} <= {"counter", "histogram"}, expression
        plain = asked_for(expression) - rated
        assert {told[name] for name in plain} <= {"gauge"}, expression


def test_nothing_is_asked_but_by_labels_that_there_are() -> None:
    for expression in expressions():
        inside = re.findall(r"\{([^}]*)\}", expression)
        labels = {label for part in inside for label in re.findall(r"(\w+)\s*[=!]", part)}
        for part in re.findall(r"(?:by|on|ignoring) ?\(([^)]*)\)", expression):
            labels |= {label.strip() for label in part.split(",") if label.strip()}
        assert labels <= LABELS, expression
        names = re.findall(r"\b([a-z_]+)\{", expression)
        assert all(name.startswith("areaclienti_") or name in OF_PROMETHEUS for name in names), expression
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) and set(names) >= MUST_WAKE
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= LABELS


def test_the_board_is_one_that_grafana_takes() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) and BOARD["uid"] and BOARD["schemaVersion"] >= 36
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["targets"], panel["title"]
