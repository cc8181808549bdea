"""A full disk is named, in whatever words the server reports it."""

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.database.staging import driver
from core.errors import Unavailable

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
