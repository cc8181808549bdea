"""Metadata services of clouds are refused in every form of address, on every version of Python,
without a connection.
"""

import ipaddress

import pytest

from core.network.allowed_addresses import AddressPolicy

IPV4 = (
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.192",
    "168.63.129.16",
    "100.100.100.200",
    "169.254.169.254",
    "10.0.0.1",
)
FORMS = ("{}", "::ffff:{}", "64:ff9b::{}")
IPV6 = (
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::a9fe:a9fe",
    "2001::1",
    "2001:4:112::1",
    "3fff::1",
    "2002:808:808::1",
    "::a9fe:a9fe",
)
SPECIAL = (
    "192.88.99.1",
    "192.31.196.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "0.1.2.3",
)
ANYWHERE = AddressPolicy(loopback=True, named=frozenset({"models.example.com"}))


@pytest.fixture(autouse=True)
def _python_that_knows_no_special_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):
        monkeypatch.setattr(kind, "is_global", property(lambda _address: True))


def sixtofour(address: str) -> str:
    number = int(ipaddress.IPv4Address(address))
    return f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1"


WRITTEN = [
    *(form.format(address) for form in FORMS for address in IPV4),
    *map(sixtofour, IPV4),
    *IPV6,
    *SPECIAL,
]


@pytest.mark.parametrize("written", WRITTEN)
def test_a_special_address_is_refused_whatever_python_thinks_of_it(written: str) -> None:
    assert not ANYWHERE.allows("other.example.com", ipaddress.ip_address(written))


@pytest.mark.parametrize(
    "written",
    ["168.63.129.16", "64:ff9b::168.63.129.16", "192.0.0.192", "169.254.169.254", "fd00:ec2::254"],
)
def test_an_allowed_name_does_not_lead_to_a_metadata_service(written: str) -> None:
    """Whoever answers for the name in DNS could send us there; only the address itself, named,
    opens it.
    """
    address = ipaddress.ip_address(written)
    assert not ANYWHERE.allows("models.example.com", address)
    assert AddressPolicy(loopback=False, named=frozenset({written, str(address)})).allows(
        "models.example.com", address
    )


@pytest.mark.parametrize(
    "written",
    [
        "8.8.8.8",
        "192.0.1.1",
        "168.63.129.17",
        "100.128.0.1",
        "2606:4700:4700::1111",
        "64:ff9b::808:808",
    ],
)
def test_public_addresses_beside_them_are_called(written: str) -> None:
    assert ANYWHERE.allows("other.example.com", ipaddress.ip_address(written))
