"""Ten thousand messages of generated turns, long Italian texts among them: none is refused, and pywa sends the same."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from pydantic import SecretStr

from areaclienti.gateway.channels.whatsapp.graph import GraphClient, Receiver, Refused, Unanswered
from areaclienti.gateway.channels.whatsapp.rendering import Line, Stand
from areaclienti.settings import SimulatorSettings
from areaclienti.simulator.app import create_app
from areaclienti.simulator.pace import PairRate, Throughput
from tests.unit.gateway.whatsapp.oracle import Pywa
from tests.unit.gateway.whatsapp.test_rendering import RENDERING, on_the_wire
from tests.unit.gateway.whatsapp.turns import turns

MESSAGES = 10_000
_SECONDS_BETWEEN = 6.0  # by the simulator's clock: its limits of pace are in force, only nobody waits

_EXAMPLES = settings(
    max_examples=100, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@dataclass
class Outbound:
    """What was sent; `refused` and `unlike_pywa` must be empty."""

    turns: int = 0
    messages: int = 0
    of_type: dict[str, int] = field(default_factory=dict)
    most_in_a_turn: int = 0
    longest_turn: int = 0  # characters
    refused: list[str] = field(default_factory=list)
    unlike_pywa: list[str] = field(default_factory=list)


def send_all() -> Outbound:
    """Generate turns, render them, and post what comes of them to the simulator until it has MESSAGES."""
    found, token = Outbound(), "t" * 40
    simulator = create_app(
        SimulatorSettings(
            whatsapp_access_token=SecretStr(token),
            whatsapp_app_secret=SecretStr("s" * 40),
            whatsapp_verify_token=SecretStr("v" * 40),
        ),
        webhook_transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})),
    )
    state = simulator.state.simulator
    ticks = itertools.count()
    state.pair_rate = PairRate(lambda: next(ticks) * _SECONDS_BETWEEN)
    state.throughput = Throughput(lambda: next(ticks) * _SECONDS_BETWEEN)
    phone = state.phones.open("+393201234567", "Cliente di prova", None)
    phone.add("person", "wamid.opening", {"type": "text", "text": {"body": "ciao"}})
    graph = GraphClient(
        "http://127.0.0.1/v23.0", state.business.phone_number_id, token, httpx.ASGITransport(app=simulator)
    )
    receiver, pywa = Receiver(phone.user_id, phone.wa_id), Pywa()

    with asyncio.Runner() as runner:

        def send(turn: tuple[list[Line], Stand]) -> None:
            rendered = RENDERING.render(*turn)
            found.turns += 1
            found.most_in_a_turn = max(found.most_in_a_turn, len(rendered))
            found.longest_turn = max(found.longest_turn, sum(len(line.text) for line in turn[0]))
            for message in map(on_the_wire, rendered):
                runner.run(_send(graph, receiver, message, found))
                _compare(pywa, receiver, message, found)

        for number in itertools.count():
            if found.messages >= MESSAGES:
                break
            seed(number)(_EXAMPLES(given(turns())(send)))()
        runner.run(graph.close())
    return found


async def _send(graph: GraphClient, receiver: Receiver, message: dict[str, Any], found: Outbound) -> None:
    found.messages += 1
    kind = message.get("interactive", message)["type"]
    found.of_type[kind] = found.of_type.get(kind, 0) + 1
    try:
        await graph.send(receiver, message, str(found.messages))
    except (Refused, Unanswered) as refused:
        found.refused.append(str(refused))


def _compare(pywa: Pywa, receiver: Receiver, message: dict[str, Any], found: Outbound) -> None:
    try:
        sent = pywa.same(str(receiver.wa_id), message, "1")
    except (ValueError, TypeError) as refused:
        found.unlike_pywa.append(f"{type(refused).__name__}")
        return
    if {name: sent[name] for name in message} != message:
        found.unlike_pywa.append(str(message["type"]))
