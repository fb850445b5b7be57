"""The desk's words: a name for every code that the pages may meet, and the assistant's own words in the preview."""

from __future__ import annotations

import re
from typing import get_args

import pytest
import yaml

from areaclienti.desk.canned import load_canned
from areaclienti.desk.given import FIELDS, REASONS
from areaclienti.desk.operations import MISSING, NOT_TO_RESUME_AT, OUTCOMES, SETTLED
from areaclienti.desk.scope import Level, Role
from areaclienti.desk.words import load_words
from areaclienti.gateway.engine_client import HandoverReason, Step
from areaclienti.gateway.ownership import NEXT
from areaclienti.identity.desk_summary import CHECKS
from tests.unit.markdown import ROOT

WORDS = load_words()


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (WORDS.reasons, get_args(HandoverReason)),
        (WORDS.changes, get_args(HandoverReason)),
        (WORDS.steps, [step for step in get_args(Step) if step not in NOT_TO_RESUME_AT]),
        (WORDS.states, NEXT),
        (WORDS.levels, get_args(Level)),
        (WORDS.roles, get_args(Role)),
        (WORDS.settled, SETTLED),
        (WORDS.missing, MISSING),
        (WORDS.checks, CHECKS),
        (WORDS.given, FIELDS),
        (WORDS.reveal_reasons, REASONS),
    ],
)
def test_every_code_has_a_name(names: dict[str, str], codes: list[str]) -> None:
    assert set(codes) <= set(names)
    assert all(name.strip() for name in names.values())


def test_every_way_to_close_has_a_name() -> None:
    assert set(OUTCOMES) <= set(WORDS.outcomes)


def test_the_preview_has_the_assistant_s_own_words() -> None:
    spoken = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    names = yaml.safe_load((ROOT / "actions" / "hand_back.yml").read_text(encoding="utf-8"))
    preview = WORDS.hand_back
    assert preview.both == spoken["utter_hand_back_settled_missing"][0]["text"]
    assert preview.only_missing == spoken["utter_hand_back_missing"][0]["text"]
    assert (preview.joined_by, preview.settled, preview.missing) == (names["and"], names["settled"], names["missing"])


def test_no_ready_made_reply_asks_for_a_secret_or_leaves_an_unknown_blank() -> None:
    for reply in load_canned():
        assert set(re.findall(r"\{(\w+)\}", reply.text)) <= {"agente", "consulente", "agenzia"}
        asked = re.search(
            r"(scriv|mand|dimm|dett)\w*\W+(qui\W+)?(la|il|i|le)\W+(tu\w+\W+)?(password|codic)", reply.text, re.I
        )
        assert asked is None or "non" in reply.text[: asked.start()][-8:], reply.text
    assert len({reply.id for reply in load_canned()}) == len(load_canned())
