"""A full disk is named, in whatever words the server reports it."""

import asyncio
from threading import Event

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text

from core.database.connections import engines
from core.database.db import transaction
from core.database.staging import driver
from core.errors import Unavailable
from core.processes import worker

pytestmark = pytest.mark.usefixtures("database")
# As Postgres reports it when only a part of a page fitted, and one that speaks German
MESSAGES = (
    "could not extend file: wrote only 4096 of 8192 bytes at block 7",
    "konnte Datei nicht erweitern: Auf dem Gerät ist kein Speicherplatz mehr verfügbar",
)
FAIL = "do $$ begin raise exception '{}' using errcode = 'disk_full'; end $$"


@pytest.mark.parametrize("message", MESSAGES)
def test_sqlalchemy_and_the_driver_say_that_the_disk_is_full(message: str) -> None:
    with pytest.raises(Unavailable, match="disk that holds"), transaction() as session:
        session.execute(text(FAIL.format(message)))
    with pytest.raises(Unavailable, match="disk that holds"), transaction() as session:
        driver(session).execute(FAIL.format(message).encode())


def test_the_log_of_a_worker_that_cannot_take_jobs_has_the_reason_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopping = Event()

    async def fail() -> None:
        raise ConnectorException

    async def take_jobs(_addresses: engines.Addresses, _stopping: Event) -> None:
        if "No space left on device" in caplog.text:
            stopping.set()
            return
        await asyncio.wait([asyncio.create_task(fail())])
        raise ConnectorException from psycopg.errors.DiskFull("No space left on device")

    monkeypatch.setattr(worker, "_take_jobs", take_jobs)
    monkeypatch.setattr(worker, "RECONNECT_WAIT_S", 0)
    address = engines.current().core.url
    addresses = engines.Addresses(core=address, ai=address)
    worker._work(addresses, stopping)  # noqa: SLF001  `run` ends with the process only
    assert len(caplog.records) == 1
