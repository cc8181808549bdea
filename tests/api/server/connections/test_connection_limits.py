"""Connections leave files for databases and outbound calls, and an address gets half of them."""

import resource

import pytest

from api.http import connections
from core.platform.config import config


@pytest.mark.parametrize(
    ("files", "in_total", "of_one_address"),
    [
        (1024, 704, 352),
        (65_536, 4096, 512),
        (resource.RLIM_INFINITY, 4096, 512),
        (64, connections.MIN_CONNECTIONS, connections.MIN_CONNECTIONS // 2),
    ],
)
def test_connections_stay_within_the_open_files_of_the_process(
    monkeypatch: pytest.MonkeyPatch, files: int, in_total: int, of_one_address: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    limits = connections.limits(config())
    assert (limits.in_total, limits.per_network) == (in_total, of_one_address)
