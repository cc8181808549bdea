"""Texts are sent in UTF-8, whichever encoding the environment names for other clients."""

import psycopg
import pytest
from sqlalchemy import text

from core.database.connections import engines
from core.embedded.postgres import Postgres

SENT = "an em dash — and 😀"


@pytest.fixture(autouse=True)
def other_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name an encoding for libpq that lacks most characters."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")


def test_statements_of_a_pool_may_have_all_characters(cluster: Postgres) -> None:
    engine = engines.create(cluster.addresses().core, pool_size=1, overflow=0)
    with engine.connect() as connection:
        assert connection.scalar(text("select cast(:sent as text)"), {"sent": SENT}) == SENT
    engine.dispose()


def test_statements_of_the_driver_may_have_all_characters(cluster: Postgres) -> None:
    with psycopg.connect(engines.driver_address(cluster.addresses().core)) as connection:
        assert connection.execute("select %s::text", [SENT]).fetchone() == (SENT,)
