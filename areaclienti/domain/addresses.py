"""The network address of one subscriber, however many single addresses his provider gives him."""

from __future__ import annotations

import ipaddress

_SUBSCRIBER_PREFIX = 64  # RFC 6177: a site gets at least a /64, and every device in it new addresses all the time


def network_of(client_address: str) -> str:
    """An IPv4 address as it is, an IPv6 address as its /64, anything else (a channel's user id) unchanged.

    IPv4 addresses in IPv6 clothes (`::ffff:192.0.2.1`) are the IPv4 address.
    """
    try:
        address = ipaddress.ip_address(client_address.partition("%")[0])
    except ValueError:
        return client_address
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _SUBSCRIBER_PREFIX), strict=False))
