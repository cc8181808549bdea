"""kill -9 of the worker while it marks earlier events for a new workspace funnel, and while it
applies that funnel, as eight programs send events of its steps.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.activity.ingest.event_codes.event_types import MOST_CODED
from core.activity.queries.funnels.funnel import STEPS as ONBOARDING
from core.database.locks import Lock
from tests.faults.conftest import Installation
from tests.faults.kills.test_import_power_cuts import is_in_order
from tests.faults.kills.test_ingest_kills import check, make_key
from tests.faults.kills.test_worker import kill_worker
from tests.faults.program import Person, Program, until
from tests.faults.senders import Senders

STEPS = ("trial.started", "board.created", "member.invited")
EVENTS, AT_ONCE, USERS, KILLS = 240_000, 4_000, 3_000, 3
# While the types wait for their marks: until when all have them, none before a code was given.
MARKED_SINCE = "select max(marked_since) from funnel_events where marked_since > kept_since"
APPLIES = """
select exists (select from pg_locks
    where locktype = 'advisory' and granted and mode = 'ExclusiveLock'
        and objid::bigint = %s)"""
LOCKED = """
select subject from subjects
where subject in (select user_subject(id) from users where external_id = 'waits') for update"""


@pytest.mark.prove
def test_a_worker_killed_while_it_prepares_a_funnel_resumes_and_every_event_counts_once(
    installation: Installation,
) -> None:
    program = installation().start()
    me, key = program.sign_in(), make_key(program)
    send_earlier_events(me, key)
    # Stretches of events are counted in the rollups.
    until(lambda: not waits_for_rollups(program), 60)
    with Senders(program, key, seed=7, event_types=STEPS) as senders:
        senders.go_on()
        with one_subject_locked(program):
            save_workspace_funnel(me)
            marked = [kill_while_marking(program) for _ in range(KILLS)]
            until(lambda: is_applying(program), 120)
            kill_worker(program)
        senders.go_on()
        until(lambda: workspace_funnel(me)["state"] == "ready", 120)
        senders.go_on()
    assert marked == sorted(marked, reverse=True)
    assert len(set(marked)) == KILLS
    assert not senders.broken
    check(program, senders)
    assert [each["event_types"] for each in workspace_funnel(me)["steps"]] == [[x] for x in STEPS]
    assert counts(me)[0] == users_of_the_first_step(program)
    program.stop()
    assert is_in_order(program)


def send_earlier_events(me: Person, key: str) -> None:
    """Send events of types without a code: others have taken all that are given on arrival."""
    began = datetime.now(UTC) - timedelta(days=3)
    fillers = [event(f"f{n}", began, f"filler.{n}", "filler") for n in range(MOST_CODED)]
    send(me, key, [*fillers, event("w", began, ONBOARDING[0], "waits")])
    for first in range(0, EVENTS, AT_ONCE):
        send(me, key, [earlier_event(began, first + number) for number in range(AT_ONCE)])


def earlier_event(began: datetime, number: int) -> dict[str, Any]:
    at = began + timedelta(days=3) * number / EVENTS
    return event(f"e{number}", at, STEPS[number // USERS % len(STEPS)], f"u{number % USERS}")


def event(id_: str, at: datetime, event_type: str, user: str) -> dict[str, Any]:
    return {"id": id_, "created_at": at.isoformat(), "event_type": event_type, "user_id": user}


def send(me: Person, key: str, items: list[dict[str, Any]]) -> None:
    answer = me.http.post(
        "/ingest/events", json={"items": items}, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.raise_for_status().json()["rejected"] == []


def save_workspace_funnel(me: Person) -> None:
    steps = [{"label": "", "event_types": [name]} for name in STEPS]
    given = {"name": "Trial", "steps": steps, "window_days": 30, "is_workspace": True}
    me.http.post("/admin/funnels", json=given).raise_for_status()


def workspace_funnel(me: Person) -> dict[str, Any]:
    found: dict[str, Any] = me.http.get("/admin/funnels").raise_for_status().json()["items"][0]
    return found


def counts(me: Person) -> list[int]:
    found = me.http.get("/admin/onboarding/funnel", params={"days": 10}).raise_for_status().json()
    return [step["users"] for step in found["steps"]]


@contextmanager
def one_subject_locked(program: Program) -> Iterator[None]:
    """Hold the row of a user of the former funnel's steps: only applying another changes it."""
    with program.database() as connection, connection.transaction():
        assert connection.execute(LOCKED).fetchall()
        yield


def kill_while_marking(program: Program) -> datetime:
    """Kill the worker after it has marked another stretch, and so in one; return from when on
    events had marks.
    """
    before = marked_since(program)
    until(lambda: marked_since(program) not in (None, before), 120)
    reached = marked_since(program)
    assert reached is not None, "all events were marked before the worker could be killed"
    kill_worker(program)
    return reached


def marked_since(program: Program) -> datetime | None:
    with program.database() as connection:
        ((found,),) = connection.execute(MARKED_SINCE).fetchall()
    assert found is None or isinstance(found, datetime)
    return found


def waits_for_rollups(program: Program) -> bool:
    with program.database() as connection:
        return connection.execute("select exists (select from event_deltas)").fetchone() == (True,)


def is_applying(program: Program) -> bool:
    with program.database() as connection:
        return connection.execute(APPLIES, [int(Lock.FUNNEL)]).fetchone() == (True,)


def users_of_the_first_step(program: Program) -> int:
    """Count them in raw rows: all events have a user."""
    with program.database() as connection:
        ((found,),) = connection.execute(
            "select count(distinct user_id) from user_activity_events where event_type = %s",
            [STEPS[0]],
        ).fetchall()
    assert isinstance(found, int)
    return found
