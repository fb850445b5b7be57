"""docs/whatsapp.md names every setting, limit, template and code that the product knows, with the same values."""

from __future__ import annotations

import json
import re

from typer.testing import CliRunner

from areaclienti.cli import app
from areaclienti.gateway.channels.whatsapp import verdicts
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.verdicts import Verdict
from areaclienti.settings import GatewaySettings
from areaclienti.simulator.limits import DOCUMENTS, LIMITS
from tests.unit.markdown import ROOT, rows, section

PAGE = "docs/whatsapp.md"


def test_every_setting_stands_in_the_table() -> None:
    names = {name for row in rows(PAGE, "## Settings") for name in re.findall(r"`([A-Z_]+)`", row[0])}
    assert names == {name.upper() for name in GatewaySettings.model_fields if name.startswith("whatsapp")}


def test_every_limit_of_the_simulator_stands_there_with_its_value_and_document() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows(PAGE, "## Limits")}
    for name, limit in LIMITS.items():
        assert table[name] == [f"{limit.value} {limit.unit}", f"`{limit.document.removeprefix(DOCUMENTS)}`"]
    assert DOCUMENTS in section(PAGE, "## Limits")


def test_every_template_stands_there_as_it_is_submitted() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows(PAGE, "## Templates")}
    templates = load_outbound_texts().templates.values()
    assert table == {one.name: [one.category, one.language, one.body] for one in templates}
    printed = CliRunner().invoke(app, ["whatsapp", "templates"]).output
    assert all(json.dumps(one.body, ensure_ascii=False) in printed for one in templates)


def test_every_code_that_the_sender_knows_stands_there_and_with_what_it_does() -> None:
    said = {
        Verdict.WINDOW: "template", Verdict.PERSON: "that person", Verdict.NUMBER: "more slowly", Verdict.SPAM: "pause",
        Verdict.TOKEN: "pause|the same", Verdict.ACCOUNT: "pause|the same", Verdict.LATER: "growing intervals",
        Verdict.UNDELIVERABLE: "given up",
    }  # fmt: skip
    table = {int(code): row[2] for row in rows(PAGE, "## Troubleshooting") for code in re.findall(r"\b\d+\b", row[0])}
    for code, verdict in verdicts._BY_CODE.items():
        assert re.search(said[verdict], table[code]), code
    assert {code for code in table if verdicts.verdict_on(code, 400) is Verdict.REFUSED} <= {
        100, 131008, 131009, 132001, 132015, 132016, 132068, 132069,
    }  # fmt: skip


def test_every_log_line_that_it_tells_to_watch_is_written() -> None:
    sources = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "areaclienti/gateway/channels").rglob("*.py")
    )
    for row in rows(PAGE, "## What to watch"):
        for event in re.findall(r"`(whatsapp_\w+|flow_\w+)`", row[0]):
            assert f'"{event}"' in sources, event


def test_the_files_and_commands_that_it_names_are_there() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for file in set(re.findall(r"areaclienti/[\w/]+\.(?:json|yml)", text)):
        assert (ROOT / file).is_file(), file
    known = {command.name for command in app.registered_groups if command.name == "whatsapp"}
    assert known == {"whatsapp"}
    for command in set(re.findall(r"areaclienti whatsapp (\w+)", text)):
        assert CliRunner().invoke(app, ["whatsapp", command, "--help"]).exit_code == 0, command
