"""The page of figures: how far registrations come, where they stop, what people at the desk do; and its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import yaml
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from areaclienti.desk.insight import BadPeriod, Insight, Period, PeriodName, period_of
from areaclienti.desk.operations import Forbidden, Unknown
from areaclienti.desk.report import Report, Table
from areaclienti.desk.sheets import Cell, sheet
from areaclienti.desk.web.access import SignedIn, signed_in
from areaclienti.desk.web.frame import desk_page
from areaclienti.desk.words import load_words
from areaclienti.gateway.services import Services, services
from areaclienti.web.pages import error_page

router = APIRouter(prefix="/desk", include_in_schema=False, default_response_class=HTMLResponse)

Served = Annotated[Services, Depends(services)]
Agent = Annotated[SignedIn, Depends(signed_in)]
TableName = Literal[
    "funnel", "by_channel", "by_branch", "lost", "days", "reasons", "times", "ratings", "outcomes"
]  # fmt: skip
_PERIODS: dict[str, PeriodName] = {"oggi": "today", "7": "7", "30": "30", "scelta": "chosen"}
CSV = "text/csv; charset=utf-8"


class Words(BaseModel):
    """What the page calls things, by their codes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: dict[str, str]
    lines: dict[str, str]
    columns: dict[str, str]
    branches: dict[str, str]
    times: dict[str, str]
    ratings: dict[str, str]
    too_few: str
    search: list[str]

    def line(self, table: Table, key: str) -> str:
        """What a line of a table is called; a day by its date."""
        desk = load_words()
        named = {
            "funnel": self.columns, "by_channel": desk.channels, "by_branch": self.branches, "lost": desk.steps,
            "reasons": desk.reasons, "times": self.times, "ratings": self.ratings, "outcomes": desk.outcomes,
        }.get(table.key)  # fmt: skip
        return named.get(key, key) if named is not None else date.fromisoformat(key).strftime("%d/%m/%Y")


@dataclass(frozen=True)
class Asked:
    """The period and channel that were asked for, as the form and the links repeat them."""

    period: Period
    channel: str | None
    trouble: str | None

    @property
    def query(self) -> str:
        """The same, for a link."""
        name = next(name for name, of in _PERIODS.items() if of == self.period.name)
        days = {"dal": self.period.first.isoformat(), "al": self.period.last.isoformat()} if name == "scelta" else {}
        return urlencode({"periodo": name, **days, **({"canale": self.channel} if self.channel else {})})


async def asked(
    served: Served,
    periodo: Annotated[str, Query(max_length=16)] = "30",
    dal: Annotated[str, Query(max_length=16)] = "",
    al: Annotated[str, Query(max_length=16)] = "",
    canale: Annotated[str, Query(max_length=16)] = "",
) -> Asked:
    """What the form asks for; what can't be understood is said, and the last 30 days are shown."""
    at = Insight(served.database).present()
    channel = canale if canale in load_words().channels else None
    try:
        days = [date.fromisoformat(text) if text else None for text in (dal, al)]
        return Asked(period_of(_PERIODS.get(periodo, "30"), days[0], days[1], at), channel, None)
    except BadPeriod as bad:
        trouble = bad.reason
    except ValueError:
        trouble = "missing"
    return Asked(period_of("30", None, None, at), channel, trouble)


@router.get("/andamento")
async def figures(request: Request, who: Agent, served: Served, wanted: Annotated[Asked, Depends(asked)]) -> Response:
    """The figures of a period as charts, each with its numbers. 404 for who may not see them."""
    try:
        report = await Insight(served.database).report(who.agent_id, wanted.period, wanted.channel)
    except (Unknown, Forbidden):
        return error_page(request, 404)
    return desk_page(
        request,
        who,
        "desk/figures.html",
        422 if wanted.trouble else 200,
        wanted=wanted,
        report=report,
        words=figure_words(),
        desk_words=load_words(),
    )


@router.get("/andamento/{table}.csv")
async def figures_file(
    request: Request, table: TableName, who: Agent, served: Served, wanted: Annotated[Asked, Depends(asked)]
) -> Response:
    """One table of the page as a file, with the same numbers."""
    try:
        report = await Insight(served.database).report(who.agent_id, wanted.period, wanted.channel)
    except (Unknown, Forbidden):
        return error_page(request, 404)
    first, last = wanted.period.first.isoformat(), wanted.period.last.isoformat()
    return file(f"area-clienti-{table}-{first}-{last}.csv", content(report, table))


def content(report: Report, key: str) -> bytes:
    """A table as a file. What is too few to tell is empty."""
    words, table = figure_words(), report.tables[key]
    header = [words.lines[key], *(words.columns[column] for column in table.columns)]
    rows: list[list[Cell]] = [[words.line(table, row.key), *row.values] for row in table.rows]
    return sheet(header, rows)


def file(name: str, body: bytes) -> Response:
    """An answer that a browser keeps as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=CSV, headers=headers)


@lru_cache(maxsize=1)
def figure_words() -> Words:
    """The words, checked once."""
    read: Any = yaml.safe_load((Path(__file__).parent / "figures.yml").read_text(encoding="utf-8"))
    return Words.model_validate(read)
