"""kill -9 of the web process and of Postgres while eight programs send: what was acknowledged is
there and counts, once.
"""

from random import Random

import pytest

from tests.faults.program import Program, until
from tests.faults.senders import Senders

COUNTED = {
    "ai-requests": (
        "select count(*), count(distinct external_id) from ai_request_metrics",
        "select (select coalesce(sum(requests), 0) from ai_request_rollups where grain = "
        "'half_hour' and model = '*') + (select coalesce(sum(requests), 0) from ai_request_deltas)",
        "select (select coalesce(sum(requests), 0) from ai_request_rollups where grain = 'day' "
        "and model <> '*') + (select coalesce(sum(requests), 0) from ai_request_deltas)",
    ),
    "events": (
        "select count(*), count(distinct external_id) from user_activity_events",
        "select (select coalesce(sum(events), 0) from event_rollups where grain = 'half_hour')"
        " + (select coalesce(sum(events), 0) from event_deltas)",
    ),
}


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.prove)])
def test_nothing_acknowledged_is_lost_and_nothing_counts_twice(
    killable: Program, kills: int
) -> None:
    program, chance = killable, Random(kills)
    with Senders(program, make_key(program), seed=kills) as senders:
        for number in range(kills):
            senders.go_on()
            kill_web(program) if number % 2 else program.postmaster.kill()
            until(program.is_ready, 60)
            senders.go_on(chance.choice([1, 200, 600]))
    assert not senders.broken
    check(program, senders)


def make_key(program: Program) -> str:
    given = {"name": "senders", "scopes": ["ingest"]}
    key: str = (
        program.sign_in().http.post("/admin/api-keys", json=given).raise_for_status().json()["key"]
    )
    return key


def kill_web(program: Program) -> None:
    program.running.kill()
    program.running.wait()
    until(lambda: not program.everything(), 60)
    program.start()


def check(program: Program, senders: Senders) -> None:
    with program.database() as connection:
        for kind, (raw, *derived) in COUNTED.items():
            rows, distinct = connection.execute(raw).fetchall()[0]
            assert rows == distinct
            table = "user_activity_events" if kind == "events" else "ai_request_metrics"
            stored = {
                str(row[0])
                for row in connection.execute(f"select external_id from {table}".encode())
            }
            assert senders.acknowledged[kind] <= stored
            for statement in derived:
                assert connection.execute(statement.encode()).fetchall()[0][0] == rows
