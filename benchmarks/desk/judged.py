"""Runs tests of the project in a process of their own and counts what they tried."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import ROOT


@dataclass
class Judged:
    """Tests by outcome, with the parameters that they were run with."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    parameters: dict[str, int] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)  # properties that tests recorded


def judged_by(selection: Sequence[str], **environment: str) -> Judged:
    """Run a selection of tests, as pytest takes it; nothing may be skipped for a missing tool."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *selection]
        around = os.environ | {"REQUIRE_ALL": "1"} | environment
        subprocess.run(command, cwd=ROOT, env=around, stdout=subprocess.DEVNULL, check=False)
        cases = list(ET.parse(report).iter("testcase")) if report.is_file() else []
    found, parameters = Judged(), Counter[str]()
    for case in cases:
        name = str(case.get("name"))
        if case.find("failure") is not None or case.find("error") is not None:
            found.failed.append(name)
        elif case.find("skipped") is not None:
            found.skipped.append(name)
        else:
            found.passed += 1
        if given := re.search(r"\[(.+)\]$", name):
            parameters.update(given[1].split("-"))
        found.said += [f"{one.get('name')}: {one.get('value')}" for one in case.iter("property")]
    found.parameters = dict(parameters)
    return found
