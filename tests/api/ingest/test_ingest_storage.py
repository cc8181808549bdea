"""Database errors in ingest: an invalid row does not affect others, and rows can be sent again
after an outage.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from core.activity.ingest import events as ingest
from core.database.connections import engines
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.ingest.rows import as_jsonb
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.keys import api_key, bearing

NOW = clock.now()


@pytest.fixture
def http(address: str, database: Postgres) -> httpx2.Client:
    return httpx2.Client(
        base_url=f"{address}/api/v1/ingest", headers=bearing(api_key()), trust_env=False, timeout=60
    )


def event(**facts: object) -> dict[str, object]:
    return {
        "id": new_id().hex,
        "event_type": "storage.test",
        "created_at": NOW.isoformat(),
        **facts,
    }


def stored(*ids: object) -> int:
    with transaction() as session:
        wanted = text("select count(*) from user_activity_events where external_id = any(:ids)")
        return session.scalar(wanted, {"ids": list(ids)}) or 0


def test_a_row_that_only_the_database_refuses_is_rejected_alone(
    http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ingest, "as_jsonb", lambda value: "{no json" if value == {"bad": True} else as_jsonb(value)
    )
    good, bad = event(), event(event_data={"bad": True})
    with http:
        answer = http.post("/events", json={"items": [bad, good]}).json()
    assert (answer["accepted"], [it["index"] for it in answer["rejected"]]) == (1, [0])
    assert (stored(good["id"]), stored(bad["id"])) == (1, 0)


def test_a_partition_that_was_dropped_is_made_again(http: httpx2.Client) -> None:
    at = clock.now() - timedelta(days=9)
    with http:
        assert http.post("/events", json=event(created_at=at.isoformat())).json()["accepted"] == 1
        with transaction() as session:
            session.execute(text(f"drop table user_activity_events_p{at:%Y%m%d}"))
        sent = event(created_at=at.isoformat())
        assert http.post("/events", json=sent).status_code == 503
        assert http.post("/events", json=sent).json()["accepted"] == 1


@pytest.fixture
def small_pools() -> Iterator[None]:
    """Let no connection of other tests be among those that are cut, nor theirs be found dead by the
    next.
    """
    engines.current().dispose()
    yield
    engines.current().dispose()


@pytest.mark.usefixtures("small_pools")
def test_a_connection_that_is_cut_is_no_failure_of_ours(http: httpx2.Client) -> None:
    with http:
        for _ in range(3):
            with psycopg.connect(
                engines.driver_address(engines.current().core.url), autocommit=True
            ) as behind:
                behind.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where "
                    "application_name = 'attune'"
                )
            sent = event()
            answers = [http.post("/events", json=sent).status_code for _ in range(6)]
            assert set(answers) <= {202, 503}
            assert answers[-1] == 202
            # The test's own question may meet a connection that was cut
            with suppress(Unavailable):
                stored(sent["id"])
            assert stored(sent["id"]) == 1


def test_old_rows_find_a_place_too(http: httpx2.Client) -> None:
    days = ["2001-02-03", "2001-11-30", "2019-06-01", "2024-02-29", f"{clock.now():%Y}-01-01"]
    rows = [event(created_at=f"{day}T12:00:00Z") for day in days]
    with http:
        assert http.post("/events", json={"items": rows}).json()["accepted"] == len(rows)
    assert stored(*(row["id"] for row in rows)) == len(rows)
