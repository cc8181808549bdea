"""An undo that is cut short, or has company, counts nothing half: each of its transactions leaves
everything in order.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database.db import read_session, transaction
from core.imports.ingest import planner
from core.imports.service.undo import batch_runs, conversations, raw_rows, users, whole_rows
from core.imports.service.undo.undo import UndoProgress, undo
from core.platform.ids import new_id
from core.system.service.verification import verify
from tests.factories.imports import KINDS, differences, dump, empty_everything, rows, send
from tests.factories.records import running, stored

pytestmark = pytest.mark.usefixtures("database")


class Killed(Exception):
    """Somebody has stopped it."""


@pytest.fixture(autouse=True)
def _in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (raw_rows, whole_rows, conversations, batch_runs, users):
        monkeypatch.setattr(module, "AT_ONCE", 3)


def everything(import_id: UUID | None, *, by: str, numbers: range) -> None:
    for kind in KINDS:
        send(kind, *rows(kind, numbers, by=by), import_id=import_id)


def wrong() -> dict[str, list[str]]:
    return {check.table: check.examples for check in verify.verify() if check.differences}


def test_it_goes_on_where_it_was_stopped_and_is_in_order_in_between() -> None:
    everything(None, by="", numbers=range(5))
    before = dump()
    ours = new_id()
    everything(ours, by="i", numbers=range(5, 20))
    left = [1, 1, 2, 3]

    def stop(_: UndoProgress) -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    while len(left) > 1:
        with pytest.raises(Killed):
            undo(ours, stop)
        left.pop(0)
        assert wrong() == {}
    undo(ours)
    assert differences(before, dump()) == ""


def test_undoing_twice_is_harmless() -> None:
    everything(None, by="", numbers=range(5))
    before = dump()
    ours = new_id()
    everything(ours, by="i", numbers=range(5, 12))
    assert undo(ours).total > 0
    assert undo(ours) == UndoProgress({})
    assert undo(new_id()) == UndoProgress({})
    assert differences(before, dump()) == ""


@pytest.mark.parametrize(("kind", "step"), [("user", users), ("batch_run", batch_runs)])
def test_a_second_worker_waits_for_the_rows_that_the_first_takes(kind: str, step: Any) -> None:  # noqa: ANN401
    ours = new_id()
    send(kind, *rows(kind, range(3)), import_id=ours)
    with ThreadPoolExecutor(1) as pool, transaction() as first:
        step.take_some(first, ours)
        second = pool.submit(lambda: in_a_transaction(partial(step.take_some, import_id=ours)))
        until_somebody_waits_for(first)
        first.commit()
        assert second.result() is None


def test_tables_that_somebody_else_analyzes_are_left_to_them() -> None:
    row = stored(running(counts={"users": {"accepted": 1, "duplicates": 0, "rejected": 0}}))
    with transaction() as session:
        session.execute(text("lock table users in share update exclusive mode"))
        planner.analyze(row)


def in_a_transaction(act: Callable[[Session], Any]) -> Any:  # noqa: ANN401  what it returns
    with transaction() as session:
        return act(session)


def until_somebody_waits_for(session: Session) -> None:
    holder = session.scalar(text("select pg_backend_pid()"))
    waiting = text("select from pg_stat_activity where :holder = any(pg_blocking_pids(pid))")
    with read_session() as other:
        while other.execute(waiting, {"holder": holder}).first() is None:
            pass


def test_what_is_sent_live_meanwhile_is_all_there() -> None:
    ours, done = new_id(), threading.Event()
    everything(None, by="", numbers=range(5))
    everything(ours, by="i", numbers=range(5, 30))
    sent: list[int] = []

    def live(first: int) -> None:
        for number in range(first, first + 400, 10):
            if done.is_set() and number > first + 20:
                return
            for kind in ("event", "request"):
                send(kind, *rows(kind, range(number, number + 4), by="live"))
            sent.append(number)

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(live, first) for first in (1000, 2000)]
        undo(ours)
        done.set()
        for future in futures:
            future.result()
    with_it = dump()
    assert wrong() == {}
    empty_everything()
    everything(None, by="", numbers=range(5))
    for number in sorted(sent):
        for kind in ("event", "request"):
            send(kind, *rows(kind, range(number, number + 4), by="live"))
    assert differences(dump(), with_it) == ""


@pytest.mark.parametrize("kind", ["event", "request"])
def test_rows_that_came_with_an_import_first_go_with_it_though_they_were_sent_live_too(
    kind: str,
) -> None:
    ours = new_id()
    before = dump()
    send(kind, *rows(kind, range(4)), import_id=ours)
    assert send(kind, *rows(kind, range(4))) == 0
    undo(ours)
    assert differences(before, dump()) == ""


def test_a_part_that_was_cut_is_whole_again() -> None:
    many = [
        {"event_type": "chat.session_start", "user_id": "u0", "session_id": f"s{each % 2}"}
        for each in range(90)
    ]
    timed = [
        {
            **one,
            "id": str(each),
            "created_at": rows("event", range(each, each + 1))[0]["created_at"],
        }
        for each, one in enumerate(many)
    ]
    anonymous = [{**one, "id": f"a{one['id']}", "user_id": None} for one in timed]
    send("event", *timed[::5], *anonymous[::5])
    before, ours = dump(), new_id()
    send("event", *timed, *anonymous, import_id=ours)
    with transaction() as session:
        assert session.scalar(text("select count(*) from funnel_parts where is_cut"))
    undo(ours)
    assert differences(before, dump()) == ""
    assert wrong() == {}
