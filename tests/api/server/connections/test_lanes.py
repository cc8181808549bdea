"""Ingest, sign-in and health checks have connections of their own, which no report takes."""

from contextlib import ExitStack
from typing import cast

from sqlalchemy import Engine, QueuePool

from core.database.connections import engines
from core.embedded.postgres import Postgres
from core.processes import startup
from tests.api.conftest import Client
from tests.factories.identity import PASSWORD, person
from tests.factories.keys import api_key, bearing


def take_all(engine: Engine, taken: ExitStack) -> None:
    """Take every connection that a pool gives out."""
    pool = cast("QueuePool", engine.pool)
    for _ in range(pool.size() + pool._max_overflow):  # noqa: SLF001  it is not told otherwise
        taken.enter_context(engine.connect())


def test_while_others_hold_all_connections_rows_come_in_people_sign_in_and_health_is_told(
    client: Client, cluster: Postgres
) -> None:
    someone, sender, nobody = person(), client(), client(prefix="")
    sender.headers.update(bearing(api_key()))
    sender.event_hooks = {}  # the worker, which derives from rows, is a process of its own
    event = {"event_type": "opened", "user_id": "u1"}
    given = {"email": someone.actor.email, "password": PASSWORD}
    with startup.serving_engines(cluster.addresses()), ExitStack() as taken:
        for engine in (engines.current().core, engines.current().ai):
            take_all(engine, taken)
        assert sender.post("/ingest/events", json={"items": [event]}).json()["accepted"] == 1
        assert client().post("/admin/auth/login", json=given).status_code == 200
        assert nobody.get("/health").json()["dependencies"]["core"]["status"] == "healthy"
