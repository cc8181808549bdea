"""A connection of the driver that the server cuts while it is used."""

import psycopg
import pytest
from sqlalchemy import text

from core.database.db import driver_connection, transaction
from core.embedded.postgres import Postgres
from core.errors import Unavailable

PID, CUT = "select pg_backend_pid()", text("select pg_terminate_backend(:pid)")


def cut_off() -> None:
    """Let the server cut a connection before its second statement; raise Unavailable."""
    with driver_connection() as connection:
        [pid] = connection.execute(PID).fetchone() or (0,)
        with transaction() as session:
            session.execute(CUT, {"pid": pid})
        with pytest.raises(psycopg.OperationalError) as cut:
            connection.execute(PID)
        raise cut.value


def test_one_that_is_cut_is_unavailable_and_replaced_without_an_error_in_the_log(
    database: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable):
        cut_off()
    with driver_connection() as connection:
        connection.execute(PID)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
