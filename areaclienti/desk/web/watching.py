"""One agent's view of the board: all that he may see, and afterwards what came, changed or went, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from areaclienti.desk.board import Board, Line
from areaclienti.desk.operations import CLAIMABLE
from areaclienti.desk.scope import Who, may
from areaclienti.desk.web.views import Due, card_view

SHOWN = 200  # waiting handovers in one snapshot; those behind them are counted


class View:
    """Follows the board for one stream."""

    def __init__(self, board: Board, who: Who, due: Due) -> None:
        self._board = board
        self._who = who
        self._due = due
        self._version = -1
        self._known: set[str] = set()

    def snapshot(self) -> dict[str, Any]:
        """`cards`: the first SHOWN that wait and all else that the agent may see, `waiting`: how many wait in all."""
        self._version = self._board.version
        visible = [line for line in self._board.lines.values() if self._sees(line)]
        waiting = [line for line in visible if _waits(line, self._who)]
        shown = {line.id for line in waiting[:SHOWN]}
        listed = [line for line in visible if line.id in shown or not _waits(line, self._who)]
        self._known = {line.id for line in visible}
        return {"cards": [card_view(line, self._who, self._due) for line in listed], "waiting": len(waiting)}

    def changes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Events since the last look: `card`, `gone`, or a `queue` anew where too much happened meanwhile."""
        ids: Collection[str] | None = self._board.changed_since(self._version)
        if ids is None:
            yield "queue", self.snapshot()
            return
        self._version = self._board.version
        for handover_id in ids:
            line = self._board.lines.get(handover_id)
            if line is not None and self._sees(line):
                self._known.add(handover_id)
                yield "card", card_view(line, self._who, self._due)
            elif handover_id in self._known:
                self._known.discard(handover_id)
                yield "gone", {"id": handover_id}

    def _sees(self, line: Line) -> bool:
        return may(self._who, "read", line.where)


def _waits(line: Line, who: Who) -> bool:
    return line.owner in CLAIMABLE and line.where.agent_id != who.id
