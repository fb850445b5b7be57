"""Addresses of one subscriber are one, those of two are two."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.addresses import network_of

IPV6 = st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:0:0:0:9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("+393331234567", "+393331234567"),  # a channel's user id
        ("unknown", "unknown"),
    ],
)
def test_an_address_is_its_subscribers(address: str, network: str) -> None:
    assert network_of(address) == network


@given(IPV6, st.integers(0, 2**64 - 1))
def test_all_addresses_of_a_slash_64_are_one(address: ipaddress.IPv6Address, host: int) -> None:
    neighbour = ipaddress.IPv6Address((int(address) >> 64 << 64) + host)
    if address.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert network_of(str(address)) == network_of(str(neighbour))


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_two_ipv4_addresses_are_two(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> None:
    assert (network_of(str(one)) == network_of(str(other))) == (one == other)


@given(st.text())
def test_any_text_is_its_own_network_or_a_network(text: str) -> None:
    assert network_of(network_of(text)) == network_of(text)
