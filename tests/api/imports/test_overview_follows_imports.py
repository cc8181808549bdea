"""The Overview's daily lines follow an import of old history, and its undo."""

from datetime import timedelta
from uuid import UUID

import httpx2
from sqlalchemy import select

from core.database.db import Database, transaction
from core.database.tables import CoreOutbox
from core.identity.schemas import Role
from core.imports import runner
from core.jobs import outbox
from core.system import jobs
from core.system.service import daily_job
from tests.api.conftest import Client
from tests.factories.history import daily as figure
from tests.factories.history import days_ago, events
from tests.factories.identity import person

OLD = days_ago(60)
SPAN = {
    "start": f"{OLD - timedelta(days=9):%Y-%m-%d}",
    "end": f"{OLD + timedelta(days=2):%Y-%m-%d}",
}


def course(me: httpx2.Client) -> list[float | None]:
    kpis = me.get("/admin/overview/tiles", params=SPAN).raise_for_status().json()["items"]
    found: list[float | None] = next(each["course"] for each in kpis if each["name"] == "users")
    return found


def do_what_is_due(id_: str) -> None:
    """Do the worker's part: the import or its undo, and the figures of the days that it has told
    of.
    """
    runner.work(UUID(id_), may_go_on=lambda: True)
    due = [each.payload for each in told()]
    outbox.relay(Database.CORE)
    for payload in due:
        jobs.write_again(payload)


def told() -> list[outbox.Event]:
    """Return what the outbox holds of days."""
    with transaction() as session:
        return list(
            session.scalars(select(CoreOutbox).where(CoreOutbox.topic == "imports.touched"))
        )


def test_the_users_of_old_days_are_those_of_an_import_and_after_its_undo_those_of_before(
    client: Client,
) -> None:
    me = client(person(Role.ADMIN))
    events(
        {"user_id": "first", "created_at": OLD - timedelta(days=5)},
        {"user_id": "first", "created_at": days_ago(1)},
    )
    daily_job.write_figures()
    assert course(me)[9] == 0
    rows = [
        f"e{number},{(OLD + timedelta(minutes=number)).isoformat()},page.view,u{number % 7}"
        for number in range(40)
    ]
    file = "\n".join(["id,created_at,event_type,user_id", *rows])
    id_ = (
        me.post("/imports", params={"name": "old.csv"}, content=file)
        .raise_for_status()
        .json()["id"]
    )
    me.post(f"/imports/{id_}/start").raise_for_status()
    do_what_is_due(id_)
    assert course(me)[9] == 7
    assert figure("events", OLD) == 40
    me.post(f"/imports/{id_}/undo").raise_for_status()
    do_what_is_due(id_)
    assert course(me)[9] == 0
    assert figure("events", OLD) == 0
