"""The worker: shows that it lives, gives back the jobs that a killed one held, and does without the
console's libraries.
"""

import subprocess
import sys

import psutil
import pytest

from core.platform.config import ROOT
from tests.faults.program import LONGEST_WAIT_S, Program, until

HELD = """
insert into procrastinate_jobs (queue_name, task_name, args, queueing_lock, status, worker_id)
values ('default', 'executions.fail_abandoned', '{"timestamp": 0}', %s, 'doing', %s) returning id
"""
WAITING = """
insert into procrastinate_jobs (queue_name, task_name, args, queueing_lock, scheduled_at)
values ('default', 'executions.fail_abandoned', '{"timestamp": 0}', 'one at a time',
    now() + interval '1 hour')
"""
AGED = """
update procrastinate_workers set last_heartbeat = now() - interval '31 s' where id = any(%s)
"""
RETRY_STALLED = """
insert into procrastinate_jobs (queue_name, task_name, args)
    values ('default', 'system.retry_stalled', '{"timestamp": 0}')
"""

SHORT = """
insert into procrastinate_jobs (queue_name, task_name, args)
    values ('default', 'executions.fail_abandoned', '{"timestamp": 0}') returning id
"""


def hold_a_job(program: Program, worker_id: object, queueing_lock: str | None = None) -> object:
    """Write down that a worker does a job, and return the job's id."""
    with program.database() as connection:
        row = connection.execute(HELD, (queueing_lock, worker_id)).fetchone()
    assert row is not None
    return row[0]


def worker_ids(program: Program) -> list[object]:
    """Return the IDs under which workers take jobs: one has an ID for each queue."""
    with program.database() as connection:
        found = connection.execute("select id from procrastinate_workers").fetchall()
    return [id_ for (id_,) in found]


def is_done(program: Program, job: object) -> bool:
    with program.database() as connection:
        return (
            connection.execute("select 1 from procrastinate_jobs where id = %s", (job,)).fetchone()
            is None
        )


def has_failed(program: Program, job: object) -> bool:
    with program.database() as connection:
        found = connection.execute("select status from procrastinate_jobs where id = %s", (job,))
        return found.fetchone() == ("failed",)


def kill_worker(program: Program) -> None:
    killed = program.worker
    killed.kill()
    until(lambda: program.worker.pid != killed.pid, LONGEST_WAIT_S)


def retry_jobs_of(program: Program, dead: list[object]) -> None:
    """Have the jobs of a killed worker retried now, and not half a minute later."""
    with program.database() as connection:
        connection.execute(AGED, (dead,))
        connection.execute(RETRY_STALLED)


def test_its_heartbeat_comes_within_seconds_of_a_start(running: Program) -> None:
    me = running.sign_in()
    until(
        lambda: (
            me.http.get("/admin/system/health").json()["dependencies"]["worker"]["status"]
            == "healthy"
        ),
        20,
    )


def test_what_a_program_sends_is_in_the_users_of_the_console_within_seconds(
    running: Program,
) -> None:
    me = running.sign_in()
    given = {"name": "events", "scopes": ["ingest"]}
    key = me.http.post("/admin/api-keys", json=given).raise_for_status().json()["key"]
    sent = {"event_type": "chat.session_start", "user_id": "ann"}
    headers = {"authorization": f"Bearer {key}"}
    me.http.post("/ingest/events", json=sent, headers=headers).raise_for_status()
    until(lambda: len(me.http.get("/admin/users?search=ann").json()["items"]) == 1, 20)


def test_jobs_of_a_killed_one_come_back(running: Program) -> None:
    until(lambda: len(worker_ids(running)) > 0, 20)
    dead = worker_ids(running)
    job = hold_a_job(running, dead[0])
    kill_worker(running)
    retry_jobs_of(running, dead)
    until(lambda: is_done(running, job), 20)


def test_a_job_that_waits_under_the_same_lock_stands_in_for_one_that_was_held(
    running: Program,
) -> None:
    replaced, other = hold_a_job(running, None, "one at a time"), hold_a_job(running, None)
    with running.database() as connection:
        connection.execute(WAITING)
        connection.execute(RETRY_STALLED)
    until(lambda: has_failed(running, replaced) and is_done(running, other), 20)


@pytest.mark.prove
def test_jobs_of_a_killed_one_come_back_by_themselves_within_two_minutes(
    installed: Program,
) -> None:
    installed.start()
    until(lambda: len(worker_ids(installed)) > 0, 20)
    job = hold_a_job(installed, worker_ids(installed)[0])
    kill_worker(installed)
    until(lambda: is_done(installed, job), 120)


def test_it_never_loads_what_draws_the_console(running: Program) -> None:
    code = (
        "import sys, app; from core.platform import features; features.load('jobs'); "
        "sys.exit('streamlit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
    until(lambda: len(worker_ids(running)) > 0, 20)
    if psutil.LINUX:
        mapped = " ".join(part.path for part in running.worker.memory_maps())
        assert "psycopg" in mapped
        assert not [name for name in ("pandas", "pyarrow", "numpy") if name in mapped]


def test_four_scenario_runs_leave_room_for_other_jobs(running: Program) -> None:
    # They held all four places of the worker: no heartbeat or timeout ran for hours
    me = running.sign_in().http
    bot = me.post("/bots", json={"name": "Slow"}).raise_for_status().json()["id"]
    runs = []
    for number in range(4):
        scenario = {"name": f"Long {number}", "user_messages": ["Hello"] * 20}
        made = me.post("/scenarios", json=scenario).raise_for_status().json()["id"]
        given = {"bot_id": bot, "model_id": "fake:slow", "analyze": False}
        runs.append(me.post(f"/scenarios/{made}/run", json=given).raise_for_status().json()["id"])

    def is_running(run: str) -> bool:
        return bool(me.get(f"/scenarios/runs/{run}").json()["status"] == "running")

    until(lambda: all(map(is_running, runs)), 30)
    with running.database() as connection:
        job = connection.execute(SHORT).fetchone()
    assert job is not None
    until(lambda: is_done(running, job[0]), 20)
    assert all(map(is_running, runs))
    for run in runs:
        me.post(f"/scenarios/runs/{run}/cancel").raise_for_status()
