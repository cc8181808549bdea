"""kill -9 of the worker in the middle of an import, and orderly stops: every row counts once, and
it goes on by itself.
"""

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.faults.kills.test_ingest_kills import COUNTED
from tests.faults.kills.test_worker import kill_worker
from tests.faults.program import Person, Program, until

ROWS = 80_000
RESUME = (
    "insert into procrastinate_jobs (queue_name, task_name, args) values ('default', "
    "'imports.resume', '{\"timestamp\": 0}')"
)


def write_file(path: Path, rows: int, name: str = "e") -> None:
    """Write a file of events whose ids begin with a name."""
    now = int(time.time())
    with path.open("w") as file:
        file.write("id,created_at,event_type,user_id,session_id\n")
        for number in range(rows):
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 400_000 + number % 300_000))
            file.write(f"{name}{number},{at},chat.session_start,u{number % 997},s{number // 20}\n")


def begin(me: Person, path: Path) -> str:
    with path.open("rb") as file:
        found = (
            me.http.post("/imports", params={"name": path.name}, content=file)
            .raise_for_status()
            .json()
        )
    me.http.post(f"/imports/{found['id']}/start").raise_for_status()
    id_: str = found["id"]
    return id_


def look(me: Person, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = me.http.get(f"/imports/{id_}").raise_for_status().json()
    return found


def done(me: Person, id_: str) -> int:
    records: int = look(me, id_)["progress"]["records_done"]
    return records


def hurry(program: Program) -> None:
    """Have it found at once that an import stands still, which takes half a minute otherwise."""
    with program.database() as connection:
        connection.execute(
            "update imports set moved_at = now() - interval '31 s' where status in "
            "('running', 'undoing')"
        )
        connection.execute(RESUME.encode())


def stored_events(program: Program) -> int:
    """Return how many events there are, of whichever file."""
    with program.database() as connection:
        ((count, _),) = connection.execute(COUNTED["events"][0].encode()).fetchall()
    return int(str(count))


def check(program: Program, rows: int) -> None:
    """Raise AssertionError unless so many events are stored, and counted, once each."""
    raw, *derived = COUNTED["events"]
    with program.database() as connection:
        assert connection.execute(raw.encode()).fetchone() == (rows, rows)
        for statement in derived:
            assert connection.execute(statement.encode()).fetchone() == (rows,)


@pytest.mark.parametrize(
    ("kills", "rows"), [(1, 30_000), pytest.param(10, 600_000, marks=pytest.mark.prove)]
)
def test_a_killed_worker_costs_no_row_and_counts_none_twice(
    killable: Program, tmp_path: Path, kills: int, rows: int
) -> None:
    program, chance = killable, Random(kills)
    me, others = program.sign_in(), stored_events(program)
    write_file(tmp_path / "events.csv", rows, f"killed{kills}-")
    id_ = begin(me, tmp_path / "events.csv")
    for _ in range(kills):
        before = done(me, id_)
        until(lambda at=before: done(me, id_) > at or look(me, id_)["status"] == "completed", 60)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 1.5))
        kill_worker(program)
        hurry(program)
    until(lambda: look(me, id_)["status"] == "completed", 300)
    assert look(me, id_)["counts"] == {"events": {"accepted": rows, "duplicates": 0, "rejected": 0}}
    check(program, others + rows)


@pytest.mark.prove
def test_a_stopped_import_stays_stopped_and_goes_on_when_wanted(
    killable: Program, tmp_path: Path
) -> None:
    program = killable
    me, others = program.sign_in(), stored_events(program)
    write_file(tmp_path / "events.csv", ROWS, "stopped-")
    id_ = begin(me, tmp_path / "events.csv")
    until(lambda: done(me, id_) > 0, 60)
    me.http.post(f"/imports/{id_}/cancel").raise_for_status()
    stopped_at = done(me, id_)
    time.sleep(2)
    assert (look(me, id_)["status"], done(me, id_)) == ("cancelled", stopped_at)
    assert 0 < stopped_at < ROWS
    check(program, others + stopped_at)
    me.http.post(f"/imports/{id_}/start").raise_for_status()
    until(lambda: look(me, id_)["status"] == "completed", 60)
    check(program, others + ROWS)


@pytest.mark.prove
def test_an_orderly_stop_waits_for_no_import_and_the_next_start_goes_on(
    killable: Program, tmp_path: Path
) -> None:
    program = killable
    me, others = program.sign_in(), stored_events(program)
    write_file(tmp_path / "events.csv", ROWS, "orderly-")
    id_ = begin(me, tmp_path / "events.csv")
    until(lambda: done(me, id_) > 0, 60)
    asked = time.monotonic()
    assert program.stop().code == 0
    assert time.monotonic() - asked < 30
    me = program.start().sign_in()
    assert look(me, id_)["status"] == "running"
    until(lambda: look(me, id_)["status"] == "completed", 60)
    check(program, others + ROWS)
