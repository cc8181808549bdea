"""Which addresses Attune may call."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from core.errors import Invalid
from core.platform.config import Config

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Metadata services of clouds, which return credentials. They are allowed only when the address
# itself is listed, not its name.
METADATA = tuple(
    map(
        ipaddress.ip_network,
        (
            "169.254.0.0/16",
            "168.63.129.16",
            "192.0.0.0/24",
            "100.100.100.200",
            "fd00:ec2::/32",
            "fd20:ce::/32",
            "fe80::/10",
        ),
    )
)
# IANA's special-purpose registries. `is_global` knows them by the version of Python: 192.0.0.0/24
# in part before 3.11.10 and 3.12.4, 3fff::/20 from 3.14 on.
SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *(
                "0.0.0.0/8",
                "10.0.0.0/8",
                "100.64.0.0/10",
                "127.0.0.0/8",
                "172.16.0.0/12",
                "192.0.2.0/24",
                "192.31.196.0/24",
            ),
            *(
                "192.52.193.0/24",
                "192.88.99.0/24",
                "192.168.0.0/16",
                "192.175.48.0/24",
                "198.18.0.0/15",
                "198.51.100.0/24",
            ),
            *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
        ),
    )
)


class AddressRefused(Invalid):
    """This address is not allowed for outbound calls."""

    code = "address_refused"


@dataclass(frozen=True)
class AddressPolicy:
    """Which addresses may be called: public ones, loopback or not, and those listed."""

    loopback: bool
    named: frozenset[str]

    def allows(self, host: str, resolved: IpAddress) -> bool:
        """Whether `host` may be called at the address that it resolved to."""
        address = _embedded_ipv4(resolved)
        if str(resolved) in self.named or str(address) in self.named:
            return True
        if any(candidate in network for candidate in (resolved, address) for network in METADATA):
            return False
        if host.lower() in self.named:
            return True
        if resolved.is_loopback:
            return self.loopback
        # 6to4 addresses are refused, whichever IPv4 address they contain: nothing uses them today.
        return _is_public(address) and not _is_special(resolved)


def _embedded_ipv4(address: IpAddress) -> IpAddress:
    """Return the IPv4 address inside a mapped, 6to4 or NAT64 address; other addresses unchanged."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else None
    return address.ipv4_mapped or address.sixtofour or embedded or address


def _is_public(address: IpAddress) -> bool:
    is_unicast = isinstance(address, ipaddress.IPv4Address) or address in PUBLIC_IPV6
    return is_unicast and address.is_global and not _is_special(address)


def _is_special(address: IpAddress) -> bool:
    return any(address in network for network in SPECIAL)


def provider_address_policy(config: Config) -> AddressPolicy:
    """Return the addresses for providers: loopback only if Attune listens there only."""
    return AddressPolicy(loopback=config.on_loopback, named=config.attune_allow_hosts)


def checked_address(address: str) -> str:
    """Return an http(s) address without a trailing slash.

    Raises AddressRefused for other text, and for addresses with credentials, a query or a fragment.
    """
    url = address.strip().rstrip("/")
    try:
        url_parts, _ = urlsplit(url), httpx2.URL(url)
        is_valid = (
            url_parts.scheme in ("http", "https")
            and bool(url_parts.hostname)
            and url_parts.port != 0
            and " " not in url
        )
    except (ValueError, httpx2.InvalidURL):
        is_valid = False
    if not is_valid:
        raise AddressRefused(
            "Enter an address that starts with http:// or https:// and names a host, such as "
            "https://models.example.com/v1."
        )
    if url_parts.username or url_parts.password:
        raise AddressRefused("Enter the key in its own field, not in the address.")
    if url_parts.query or url_parts.fragment:
        raise AddressRefused("Enter the address without query and fragment.")
    return url
