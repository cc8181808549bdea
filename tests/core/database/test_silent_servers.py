"""A server that says nothing is given up by time limits of the client: those of the server never
come into effect then.
"""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from core.database.connections import engines
from core.database.connections.time_limits import ALIVE
from core.database.db import transaction
from core.database.staging import driver
from core.embedded.postgres import Postgres

PATIENCE_S = 30.0


def test_a_server_that_accepts_and_never_answers_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        ThreadPoolExecutor(1) as pool,
    ):
        address = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing"
        engine = engines.create(engines.parse_address(address), pool_size=1, overflow=0)
        try:
            failure = pool.submit(engine.connect).exception(PATIENCE_S)
        finally:
            silent.close()  # whoever still waits gets an answer
    assert isinstance(failure, OperationalError)


@pytest.mark.parametrize("name", ALIVE)
def test_a_connection_notices_that_the_machine_of_its_server_is_gone(
    database: Postgres, name: str
) -> None:
    with transaction() as session:
        asked = driver(session).info.get_parameters()
    assert asked[name] == str(ALIVE[name])
