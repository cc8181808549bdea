"""Whose address a request counts for."""

from ipaddress import ip_network

import pytest

from core.network.client_addresses import client_address, network_of

TRUSTED = [ip_network(each) for each in ("10.0.0.0/30", "2001:db8::1")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "6.6.6.6", "203.0.113.7"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.4", "6.6.6.6", "10.0.0.4"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("10.0.0.1", "2001:DB8:0::7", "2001:db8::7"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, <script>", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, , 10.0.0.2", "10.0.0.1"),
        ("2001:db8::1", "203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", None, "203.0.113.7"),
        (None, "6.6.6.6", None),
        ("a unix socket", "6.6.6.6", "a unix socket"),
    ],
)
def test_the_address_is_the_last_that_no_proxy_of_ours_has(
    peer: str | None, forwarded: str | None, found: str | None
) -> None:
    assert client_address(peer, forwarded, TRUSTED) == found


def test_clients_in_ipv4_have_networks_of_their_own_on_a_socket_for_both() -> None:
    """Else everybody would share one network, and a stranger could lock all of them out."""
    one, other = (
        network_of(client_address(f"::ffff:203.0.113.{number}", None, ())) for number in (7, 8)
    )
    assert one != other


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff")
    assert network_of("2001:db8::1") != network_of("2001:db8:0:1::1")
