"""A text that no index can hold is an invalid value and no outage: its batch is stored by row."""

import secrets

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.database.staging import driver
from core.errors import Invalid

pytestmark = pytest.mark.usefixtures("database")
LONG = secrets.token_hex(4000)
INSERT = "insert into users (id, external_id, first_seen_at, last_seen_at)"
VALUES = "values (gen_random_uuid(), {}, now(), now())"


def test_by_sqlalchemy_it_is_invalid() -> None:
    statement = text(f"{INSERT} {VALUES.format(':name')}")
    with pytest.raises(Invalid, match="too long for an index"), transaction() as session:
        session.execute(statement, {"name": LONG})


def test_by_the_driver_it_is_invalid() -> None:
    # As an outage, the whole batch would be sent again
    statement = f"{INSERT} {VALUES.format('%s')}"
    with pytest.raises(Invalid, match="too long for an index"), transaction() as session:
        driver(session).execute(statement, [LONG])
