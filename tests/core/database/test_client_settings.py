"""Texts are sent in UTF-8 and times are read, whatever is set for other clients."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from core.database.connections import engines
from core.embedded.postgres import Postgres

SENT = "an em dash — and 😀"
LASTED, NOON = timedelta(days=3, hours=2), datetime(2026, 3, 4, 12, tzinfo=UTC)
GOT = "select cast({} as text), interval '3 days 2 hours', timestamptz '2026-03-04 12:00:00+00'"


@pytest.fixture(autouse=True)
def other_settings(monkeypatch: pytest.MonkeyPatch, cluster: Postgres) -> Iterator[None]:
    """Name an encoding that lacks most characters, and have a database of another country."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    address = engines.driver_address(cluster.addresses().core)
    with psycopg.connect(address) as connection:
        connection.execute("alter role current_user set datestyle = 'German, DMY'")
    yield
    with psycopg.connect(address) as connection:
        connection.execute("alter role current_user reset datestyle")


def test_a_pool_reads_all_characters_and_times(cluster: Postgres) -> None:
    engine = engines.create(cluster.addresses().core, pool_size=1, overflow=0)
    with engine.connect() as connection:
        row = connection.execute(text(GOT.format(":sent")), {"sent": SENT}).one()
    engine.dispose()
    assert tuple(row) == (SENT, LASTED, NOON)


def test_the_driver_reads_all_characters_and_times(cluster: Postgres) -> None:
    address = cluster.addresses().core.update_query_dict({"options": "-c intervalstyle=iso_8601"})
    with psycopg.connect(engines.driver_address(address)) as connection:
        row = connection.execute(GOT.format("%s"), [SENT]).fetchone()
    assert row == (SENT, LASTED, NOON)
    assert row[2].utcoffset() == timedelta(0)
