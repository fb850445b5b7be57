"""Tables and sentences made of facts, against a slow count of the same histories; files that spreadsheets read."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.desk.report import FEWEST_FOR_SHARES, Report, report_of, share
from areaclienti.desk.sheets import sheet
from areaclienti.desk.web.figures import content, figure_words
from areaclienti.desk.words import load_words
from areaclienti.gateway.figures import FEWEST_FOR_TIMES, Fact, quantile
from tests.unit.gateway.histories import History, branch_of, histories, slow_count

FIRST, LAST = date(2026, 7, 6), date(2026, 7, 12)


def report(made: list[History]) -> Report:
    return report_of(slow_count(made, first=FIRST, last=LAST), FIRST, LAST)


def rows(found: Report, table: str) -> dict[str, tuple[int | None, ...]]:
    return {row.key: row.values for row in found.tables[table].rows}


@given(made=st.lists(histories(), max_size=40))
def test_tables_tell_what_happened(made: list[History]) -> None:
    found = report(made)
    begun = [one for one in made if set(one.steps) - {"customer_type", "idle", "handover"}]
    done = [one for one in begun if "done" in one.steps]
    assert (found.headline.started, found.headline.finished) == (len(begun), len(done))
    assert found.headline.settled == len(begun) - found.headline.in_progress
    assert rows(found, "funnel")["account"][0] == len(done)
    for channel in ("web", "whatsapp"):
        of = [one for one in begun if one.channel == channel]
        assert rows(found, "by_channel")[channel][0] == len(of)
        assert rows(found, "by_channel")[channel][3] == sum("done" in one.steps for one in of)
    for branch, values in rows(found, "by_branch").items():
        assert values[0] == sum(branch_of(one) == branch for one in begun)
    assert sum(values[0] or 0 for values in rows(found, "by_branch").values()) == len(begun)
    assert found.tables["lost"].total + len(done) == found.headline.settled
    days = rows(found, "days")
    assert len(days) == 7 and sum(values[1] or 0 for values in days.values()) == len(done)
    handovers = [passed for one in made for passed in one.handovers]
    assert rows(found, "reasons") == {k: (n,) for k, n in Counter(passed.reason for passed in handovers).items()}
    handled = sorted(passed.handling for passed in handovers if passed.handling is not None)
    if len(handled) >= FEWEST_FOR_TIMES:
        median = rows(found, "times")["handling"][1]
        exact = handled[(len(handled) - 1) // 2]
        assert median is not None and median <= exact < median + 300


@given(made=st.lists(histories(), max_size=30))
def test_files_hold_what_the_tables_hold(made: list[History]) -> None:
    found = report(made)
    for key, table in found.tables.items():
        read = list(csv.reader(io.StringIO(content(found, key).decode("utf-8-sig"), newline=""), delimiter=";"))
        assert [len(line) for line in read] == [len(table.columns) + 1] * (len(table.rows) + 1)
        values = [tuple(int(cell) if cell else None for cell in line[1:]) for line in read[1:]]
        assert values == [row.values for row in table.rows]


def test_every_code_that_is_counted_has_a_name() -> None:
    words, desk = figure_words(), load_words()
    found = report_of(Counter(), FIRST, LAST)
    assert set(words.tables) == set(words.lines) == set(found.tables)
    assert {column for table in found.tables.values() for column in table.columns} <= set(words.columns)
    for name, codes in (
        ("lost", desk.steps), ("reasons", desk.reasons), ("outcomes", desk.outcomes), ("by_channel", desk.channels)
    ):  # fmt: skip
        assert all(words.line(found.tables[name], code) == title for code, title in codes.items())


def lost(step: str, count: int) -> dict[Fact, int]:
    return {Fact(None, "web", "persona", "lost", step): count}


def reached(stage: str, count: int) -> dict[Fact, int]:
    return {Fact(FIRST, "web", "persona", "reached", stage): count}


def test_the_headline_names_the_step_where_most_are_lost() -> None:
    facts = Counter(
        reached("started", 103)
        | reached("account", 62)
        | lost("verification_code", 18)
        | lost("contact", 20)
        | {Fact(None, "web", "azienda", "in_progress", "contact"): 3}
    )
    head = report_of(facts, FIRST, LAST).headline
    assert (head.finished_share, head.worst_step, head.worst_share, head.in_progress) == (62, "contact", 20, 3)


def test_of_too_few_nothing_is_said_in_shares() -> None:
    facts = Counter(reached("started", FEWEST_FOR_SHARES - 1) | reached("account", 10) | lost("contact", 9))
    found = report_of(facts, FIRST, LAST)
    assert (found.headline.finished_share, found.headline.worst_step) == (None, None)
    assert all(row.values[-1] is None for name in ("funnel", "lost", "by_channel") for row in found.tables[name].rows)


@pytest.mark.parametrize(
    ("part", "whole", "per_hundred"), [(1, 40, 3), (1, 200, 1), (199, 200, 100), (0, 20, 0), (3, 19, None)]
)
def test_shares_are_rounded_as_one_does(part: int, whole: int, per_hundred: int | None) -> None:
    assert share(part, whole) == per_hundred


@given(
    times=st.lists(st.integers(0, 50), min_size=FEWEST_FOR_TIMES, max_size=60), per_hundred=st.sampled_from([50, 90])
)
def test_a_quantile_is_not_exceeded_by_that_many(times: list[int], per_hundred: int) -> None:
    found = quantile(Counter(times), per_hundred)
    assert found in times
    assert sum(one <= found for one in times) * 100 >= per_hundred * len(times)
    assert sum(one < found for one in times) * 100 < per_hundred * len(times)


def test_of_too_few_times_there_is_no_median() -> None:
    assert quantile(Counter([1] * (FEWEST_FOR_TIMES - 1)), 50) is None


RUN = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(
    cells=st.lists(
        st.tuples(st.text(), st.sampled_from(["", " ", "=", "@", "+1", "-2", '"', ";"])), min_size=1, max_size=5
    )
)
def test_a_file_comes_back_as_it_was_and_runs_nothing(cells: list[tuple[str, str]]) -> None:
    row: list[Any] = [prefix + text for text, prefix in cells]
    body = sheet(["a"] * len(row), [row])
    assert body.startswith(b"\xef\xbb\xbf") and body.count(b"\r\n") >= 2
    [_, kept] = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=";")
    for cell, given_ in zip(kept, row, strict=True):
        assert cell in (given_, f"'{given_}")
        assert not cell.lstrip(" ").startswith(RUN)
        assert cell == given_ or given_.lstrip().startswith(RUN) or given_.lstrip(" ").startswith(RUN)
