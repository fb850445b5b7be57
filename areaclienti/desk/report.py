"""Makes tables and sentences out of counted facts: what the page, the files and the metrics show alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from areaclienti.gateway.figures import STAGES, Fact, quantile

FEWEST_FOR_SHARES: Final = 20  # of fewer registrations no share is told
PASSED: Final = STAGES[1:]  # what of an opened chat became a registration, and how far that came
CHANNELS: Final = ("web", "whatsapp")
BRANCHES: Final = ("persona", "azienda", "section_c", "unknown")
STEPS: Final = (
    "customer_type", "name", "company_name", "contact", "password", "privacy_notice", "recheck", "tax_code",
    "choose_contact", "verification_code",
)  # fmt: skip
RATINGS: Final = ("3", "2", "1")
TIMES: Final = ("wait", "callback_wait", "handling")
_MOST_DAYS: Final = 400


@dataclass(frozen=True)
class Row:
    """A line of a table: what it is about, by its code, and a number for each column; None: too few to tell."""

    key: str
    values: tuple[int | None, ...]


@dataclass(frozen=True)
class Table:
    """What one chart draws. `columns` are codes; times are seconds, shares per hundred."""

    key: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def most(self) -> int:
        """The largest number of the first column, by which bars are drawn."""
        return max((row.values[0] or 0 for row in self.rows), default=0)

    @property
    def total(self) -> int:
        """The sum of the first column."""
        return sum(row.values[0] or 0 for row in self.rows)


@dataclass(frozen=True)
class Headline:
    """What one sees at a glance. Of registrations that were begun, `settled` are finished or were given up; the shares
    are per hundred of those, None where they are too few.
    """

    opened: int
    started: int
    in_progress: int
    settled: int
    finished: int
    finished_share: int | None
    worst_step: str | None
    worst_share: int | None


@dataclass(frozen=True)
class Report:
    """All figures of a period."""

    headline: Headline
    tables: Mapping[str, Table]


def report_of(facts: Counter[Fact], first: date, last: date) -> Report:
    """The figures of the days from `first` to `last`."""
    tables = (
        _funnel(facts),
        _by(facts, "by_channel", "channel", CHANNELS),
        _by(facts, "by_branch", "branch", BRANCHES),
        _steps(facts),
        _by_day(facts, first, last),
        _ranked(facts, "reasons", "reason"),
        _times(facts),
        _in_order(facts, "ratings", "rating", RATINGS),
        _ranked(facts, "outcomes", "outcome"),
    )
    return Report(_headline(facts), {table.key: table for table in tables})


def total(facts: Counter[Fact], figure: str, bucket: str | None = None, **of: str) -> int:
    """How often it happened; `of` narrows it down by fields of Fact."""
    return sum(
        count
        for fact, count in facts.items()
        if fact.figure == figure
        and bucket in (None, fact.bucket)
        and all(getattr(fact, name) == value for name, value in of.items())
    )


def share(part: int, whole: int) -> int | None:
    """Per hundred, a half upwards; None of too few."""
    return (200 * part + whole) // (2 * whole) if whole >= FEWEST_FOR_SHARES else None


def _headline(facts: Counter[Fact]) -> Headline:
    started, finished = total(facts, "reached", "started"), total(facts, "reached", "account")
    in_progress = total(facts, "in_progress")
    settled = started - in_progress
    lost = _buckets(facts, "lost")
    worst = max(lost, key=lambda step: (lost[step], -_place(step))) if lost else None
    finished_share = share(finished, settled)
    is_told = worst is not None and finished_share is not None
    return Headline(
        opened=total(facts, "reached", "opened"),
        started=started,
        in_progress=in_progress,
        settled=settled,
        finished=finished,
        finished_share=finished_share,
        worst_step=worst if is_told else None,
        worst_share=share(lost[worst], settled) if worst is not None else None,
    )


def _funnel(facts: Counter[Fact]) -> Table:
    started = total(facts, "reached", "started")
    counts = [(stage, total(facts, "reached", stage)) for stage in PASSED]
    return Table(
        "funnel", ("count", "share"), tuple(Row(stage, (count, share(count, started))) for stage, count in counts)
    )


def _by(facts: Counter[Fact], key: str, field: str, values: Sequence[str]) -> Table:
    rows = []
    for value in values:
        counts = [total(facts, "reached", stage, **{field: value}) for stage in PASSED]
        if value in CHANNELS or counts[0]:
            rows.append(Row(value, (*counts, share(counts[-1], counts[0]))))
    return Table(key, (*PASSED, "share"), tuple(rows))


def _steps(facts: Counter[Fact]) -> Table:
    lost, with_person = _buckets(facts, "lost"), _buckets(facts, "lost_with_person")
    settled = total(facts, "reached", "started") - total(facts, "in_progress")
    rows = (Row(step, (lost[step], with_person[step], share(lost[step], settled))) for step in STEPS if lost[step])
    return Table("lost", ("count", "with_person", "share"), tuple(rows))


def _by_day(facts: Counter[Fact], first: date, last: date) -> Table:
    reached: Counter[tuple[date, str]] = Counter()
    for fact, count in facts.items():
        if fact.figure == "reached" and fact.day is not None:
            reached[fact.day, fact.bucket] += count
    days = [first + timedelta(days=passed) for passed in range(min((last - first).days + 1, _MOST_DAYS))]
    rows = (Row(day.isoformat(), (reached[day, "started"], reached[day, "account"])) for day in days)
    return Table("days", ("started", "account"), tuple(rows))


def _ranked(facts: Counter[Fact], key: str, figure: str) -> Table:
    """The most frequent first."""
    found = sorted(_buckets(facts, figure).items(), key=lambda one: (-one[1], one[0]))
    return Table(key, ("count",), tuple(Row(bucket, (count,)) for bucket, count in found))


def _in_order(facts: Counter[Fact], key: str, figure: str, order: Iterable[str]) -> Table:
    found = _buckets(facts, figure)
    return Table(key, ("count",), tuple(Row(bucket, (found[bucket],)) for bucket in order) if found else ())


def _times(facts: Counter[Fact]) -> Table:
    rows = []
    for figure in TIMES:
        times = Counter({int(bucket): count for bucket, count in _buckets(facts, figure).items()})
        if times:
            rows.append(Row(figure, (times.total(), quantile(times, 50), quantile(times, 90))))
    return Table("times", ("count", "median", "p90"), tuple(rows))


def _buckets(facts: Counter[Fact], figure: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for fact, count in facts.items():
        if fact.figure == figure:
            found[fact.bucket] += count
    return found


def _place(step: str) -> int:
    return STEPS.index(step) if step in STEPS else len(STEPS)
