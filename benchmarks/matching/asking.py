"""Asks the matcher through the registry port with a clock in hand, and the database what it does about it."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import event, text

from areaclienti.identity import matching
from areaclienti.identity.claims import Claims
from areaclienti.identity.services import Services
from areaclienti.identity.work import Work

ByContact = tuple[str, Claims]
ByTaxCode = tuple[str, Claims, str]
_BASELINE_EVERY = 10
_REGISTRY_TABLES = {"customers", "contacts", "policies", "accounts"}


class Asking:
    """Counts verdicts. Each question is a transaction of its own, as in the product; its beginning is within the time,
    since it is made with the first statement."""

    def __init__(self, services: Services, advance: Callable[[], None]) -> None:
        self._services = services
        self._advance = advance
        self._baseline: list[float] = []
        self.verdicts: Counter[str] = Counter()

    async def warm_up(self, by_contact: Sequence[ByContact], by_tax_code: Sequence[ByTaxCode]) -> None:
        """Fills caches and prepares statements as any server's first minutes do; nothing of it is counted."""
        await self.match(by_contact, at_once=4)
        await self.identify(by_tax_code, at_once=4)
        self._baseline.clear()
        self.verdicts.clear()

    async def match(self, questions: Sequence[ByContact], at_once: int) -> list[float]:
        """Seconds of each `matching.match`, with so many at a time."""

        async def ask(work: Work, question: ByContact) -> str:
            return f"match: {(await matching.match(work, question[1])).reason}"

        return await self._timed(questions, ask, at_once)

    async def identify(self, questions: Sequence[ByTaxCode], at_once: int) -> list[float]:
        """Seconds of each `matching.identify`, with so many at a time."""

        async def ask(work: Work, question: ByTaxCode) -> str:
            return f"identify: {(await matching.identify(work, question[1], question[2])).reason}"

        return await self._timed(questions, ask, at_once)

    def take_baseline(self) -> list[float]:
        """Seconds of each `SELECT 1` in a transaction of its own that was asked in between since the last time."""
        taken, self._baseline = self._baseline, []
        return taken

    async def plans(self, claims: Claims, coded: Claims, tax_code: str) -> dict[str, Any]:
        """How PostgreSQL finds the rows: indexes used, and tables of the registry that are read as a whole."""
        if self._services.database.is_sqlite:
            return {}
        statements = await self._statements(
            lambda work: matching.match(work, claims), lambda work: matching.identify(work, coded, tax_code)
        )
        nodes = [node for statement in statements for node in await self._explained(*statement)]
        indexes = sorted({node["Index Name"] for node in nodes if "Index Name" in node})
        read = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
        return {"indexes_used": indexes, "whole_tables_read": sorted(read & _REGISTRY_TABLES)}

    async def _timed(
        self, questions: Sequence[Any], ask: Callable[[Work, Any], Awaitable[str]], at_once: int
    ) -> list[float]:
        left = iter(questions)
        seconds: list[float] = []

        async def one_after_the_other() -> None:
            for number, question in enumerate(left):
                async with self._services.work() as work:
                    began = time.perf_counter()
                    verdict = await ask(work, question)
                    seconds.append(time.perf_counter() - began)
                self.verdicts[verdict] += 1
                self._advance()
                if number % _BASELINE_EVERY == 0:
                    await self._ask_nothing()

        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
        return seconds

    async def _ask_nothing(self) -> None:
        async with self._services.work() as work:
            began = time.perf_counter()
            await work.session.execute(text("SELECT 1"))
            self._baseline.append(time.perf_counter() - began)

    async def _statements(self, *acts: Callable[[Work], Awaitable[Any]]) -> list[tuple[str, Any]]:
        engine = self._services.database.engine.sync_engine
        statements: list[tuple[str, Any]] = []

        def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            statements.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            for act in acts:
                async with self._services.work() as work:
                    await act(work)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return statements

    async def _explained(self, statement: str, parameters: Any) -> Iterable[dict[str, Any]]:
        async with self._services.database.engine.connect() as connection:
            answer = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            plan = answer.scalar_one()
        return _nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The plan and all below it."""
    return [plan, *itertools.chain.from_iterable(map(_nodes, plan.get("Plans", [])))]
