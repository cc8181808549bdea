"""Rows of concurrent senders share a transaction, and each sender gets its own report."""

import asyncio
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from api.routes.ingest.group_commit import MAX_ROUNDS, GroupCommit
from api.routes.ingest.rows import EVENTS, GROUP_COMMITS
from core.activity.schemas import NewEvent
from core.database import partitions
from core.database.db import transaction
from core.errors import Invalid, Unavailable
from core.ingest.rows import RowSource
from tests.api.conftest import Client, caller
from tests.factories.activity import START
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

pytestmark = pytest.mark.usefixtures("database")
SOURCE = RowSource("production", "UTC")
REAL = GROUP_COMMITS[EVENTS]
Answer = TypeVar("Answer")


def named(*ids: str, says: str | None = None) -> list[NewEvent]:
    return [
        NewEvent(event_type="page.opened", id=id_, created_at=START, error_message=says)
        for id_ in ids
    ]


def at_once(
    sent: Iterable[list[NewEvent]], gathering: GroupCommit = REAL, source: RowSource = SOURCE
) -> list[Any]:
    partitions.create_for("user_activity_events", [START])
    return together(gathering, [(rows, source) for rows in sent])


def together(gathering: GroupCommit, sent: Iterable[tuple[list[NewEvent], RowSource]]) -> list[Any]:
    async def send(number: int, rows: list[NewEvent], source: RowSource) -> int:
        await asyncio.sleep(number // 5 / 1000)  # some come while others are stored
        return await gathering.store(rows, source)

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(
            *(send(number, *each) for number, each in enumerate(sent)), return_exceptions=True
        )

    return run(all_of_them())


def run(wanted: Coroutine[Any, Any, Answer]) -> Answer:
    """Run it in a loop of its own: in this thread a browser's may be running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(wanted, 60)).result()


def stored() -> int:
    with transaction() as session:
        return session.scalar(text("select count(*) from user_activity_events")) or 0


def counted() -> int:
    with transaction() as session:
        return session.scalar(text("select sum(events) from event_deltas")) or 0


def test_all_rows_of_all_senders_are_there_once() -> None:
    assert at_once(named(f"{sender}-a", f"{sender}-b") for sender in range(40)) == [2] * 40
    assert (stored(), counted()) == (80, 80)


def test_of_two_who_send_the_same_one_has_brought_it() -> None:
    told = at_once([named("same", f"own {sender}") for sender in range(12)])
    assert sorted(told) == [1] * 11 + [2]
    assert (stored(), counted()) == (13, 13)


def test_what_was_there_before_is_new_to_nobody() -> None:
    at_once([named("old")])
    assert (
        sorted(at_once([named("old"), *(named(f"new {sender}") for sender in range(9))]))
        == [0] + [1] * 9
    )
    assert (stored(), counted()) == (10, 10)


def test_what_is_refused_costs_nobody_else_anything() -> None:
    good = [named(f"good {sender}") for sender in range(9)]
    *others, refused = at_once([*good, named("bad", says="\0")])
    assert others == [1] * 9
    assert isinstance(refused, Invalid)
    assert stored() == 9


def test_rows_of_another_environment_go_by_themselves() -> None:
    partitions.create_for("user_activity_events", [START])
    sent = [
        (named(f"{place} {n}"), replace(SOURCE, environment=place))
        for n in range(8)
        for place in ("here", "there")
    ]
    assert together(REAL, sent) == [1] * 16
    with transaction() as session:
        found = session.execute(
            text("select environment, count(*) from user_activity_events group by 1 order by 1")
        ).all()
    assert [tuple(row) for row in found] == [("here", 8), ("there", 8)]


def test_those_who_come_meanwhile_are_stored_together() -> None:
    sizes = []

    def commit(rows: list[Any], source: RowSource, all_new: bool) -> int:
        sizes.append(len(rows))
        with transaction() as session:
            session.execute(text("select pg_sleep(0.05)"))
        return len(rows)

    assert at_once([named(str(sender)) for sender in range(60)], GroupCommit(commit)) == [1] * 60
    assert sum(sizes) == 60
    assert len(sizes) < 30


def test_each_is_told_that_the_database_is_away_and_the_next_find_it_again() -> None:
    is_away = True

    def commit(rows: list[Any], source: RowSource, all_new: bool) -> int:
        if is_away:
            raise Unavailable
        return len(rows)

    gathering = GroupCommit(commit)
    told = at_once([named(str(sender)) for sender in range(5 * MAX_ROUNDS)], gathering)
    assert all(isinstance(each, Unavailable) for each in told)
    is_away = False
    assert (
        at_once([named(str(sender)) for sender in range(5 * MAX_ROUNDS)], gathering)
        == [1] * 5 * MAX_ROUNDS
    )


def test_who_comes_just_as_a_round_ends_waits_for_another() -> None:
    gathering = GroupCommit(lambda rows, source, all_new: len(rows))

    async def send() -> int:
        return sum([await gathering.store(named("one"), SOURCE) for _ in range(100)])

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(send() for _ in range(5)))

    assert run(all_of_them()) == [100] * 5


def test_a_sender_who_is_sent_away_costs_the_others_nothing() -> None:
    goes_on = Event()

    def commit(rows: list[Any], source: RowSource, all_new: bool) -> int:
        goes_on.wait(60)
        return len(rows)

    async def send() -> list[int | BaseException]:
        gathering = GroupCommit(commit)
        sent = [
            asyncio.create_task(gathering.store(named(str(sender)), SOURCE)) for sender in range(3)
        ]
        await asyncio.sleep(0.01)
        sent[1].cancel()
        goes_on.set()
        return await asyncio.gather(*sent, return_exceptions=True)

    first, away, last = run(send())
    assert (first, last) == (1, 1)
    assert isinstance(away, asyncio.CancelledError)


def test_those_who_wait_for_their_turn_leave_the_threads_to_others(
    address: str, client: Client
) -> None:
    at_once([named("first")])
    sender, seen = caller(f"{address}/api/v1/ingest", bearing(api_key())), client(person())
    row = {"event_type": "page.opened", "created_at": START.isoformat()}
    with sender, ThreadPoolExecutor(60) as pool:
        with transaction() as session:
            session.execute(text("lock table user_activity_events in exclusive mode"))
            sent = [pool.submit(sender.post, "/events", json=row) for _ in range(60)]
            assert [seen.get("/admin/auth/me").status_code for _ in range(20)] == [200] * 20
        assert [each.result().status_code for each in sent] == [202] * 60
    assert stored() == 61
