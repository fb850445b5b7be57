"""Plays many scenarios at once on one running product, each with a customer of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from tests.scenarios.channel import Channel
from tests.scenarios.customers import Customer, make_customer, put_on_file
from tests.scenarios.model import ChannelName, Scenario, filled
from tests.scenarios.player import Player
from tests.scenarios.sinks import codes_found_in, found_in
from tests.scenarios.web_channel import WebChannel
from tests.scenarios.whatsapp_channel import WhatsappChannel
from tests.stack import Stack

AT_ONCE = 8


class Theatre:
    """A thread with a loop of its own, in which up to AT_ONCE scenarios are played side by side on one channel."""

    def __init__(self, stack: Stack, *, first_number: int = 0, channel: ChannelName = "web") -> None:
        self.passwords: set[str] = set()
        self.tax_codes: set[str] = set()
        self.codes: set[str] = set()
        self.contacts: set[str] = set()
        self._stack = stack
        self._next_number = first_number
        self._channel = channel
        self._playing: dict[str, Future[None]] = {}
        self._channels: dict[str, Channel] = {}
        self._loop = asyncio.new_event_loop()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._thread = threading.Thread(target=self._loop.run_forever, name="theatre", daemon=True)
        self._thread.start()

    def announce(self, scenarios: Sequence[Scenario]) -> None:
        """Put the scenarios' customers on file and begin to play. Returns before they are over."""
        cast = []
        for scenario in scenarios:
            cast.append((scenario, make_customer(scenario.customer, self._next_number)))
            self._next_number += 1
        putting = put_on_file(self._stack, [customer for _, customer in cast])
        asyncio.run_coroutine_threadsafe(putting, self._loop).result()
        for scenario, customer in cast:
            self.passwords |= customer.passwords
            self.tax_codes |= customer.tax_codes
            self.contacts.add(customer.variables["email"])
            channel = self._channels[scenario.id] = self._way_in(scenario, customer)
            player = Player(self._stack, scenario, customer, channel)
            self._playing[scenario.id] = asyncio.run_coroutine_threadsafe(self._play(player), self._loop)

    def outcome(self, scenario: Scenario) -> BaseException | None:
        """What the scenario failed with, when it is over; None when it passed."""
        if scenario.id not in self._playing:
            self.announce([scenario])
        return self._playing[scenario.id].exception()

    def found_by(self, scenario: Scenario) -> tuple[str, str]:
        """A column of the ledger and its value in the conversation of a scenario that was played."""
        return self._channels[scenario.id].found_by()

    def wait(self) -> None:
        """Wait for what is still played."""
        for future in self._playing.values():
            future.exception()

    def leaks(self) -> list[str]:
        """Where a secret of a scenario stands that may not stand there, as a line each."""
        self.wait()
        var = self._stack.var
        searches = {
            "passwords": found_in(var, self.passwords, also_identity=True),  # identity keeps hashes alone
            "tax codes": found_in(var, self.tax_codes),
            "codes": codes_found_in(var, self.codes),
        }
        return [f"{count} {what} in {file}" for what, found in searches.items() for file, count in found.items()]

    def close(self) -> None:
        """Wait for what is still played, and end."""
        self.wait()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _way_in(self, scenario: Scenario, customer: Customer) -> Channel:
        if self._channel == "web":
            return WebChannel(self._stack.urls.gateway)
        number = scenario.writes_from
        return WhatsappChannel(self._stack, number and filled(number, customer.variables), customer.variables["name"])

    async def _play(self, player: Player) -> None:
        async with self._places:
            try:
                await player.play()
            finally:
                self.codes |= player.codes
