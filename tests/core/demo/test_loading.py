"""The demo comes into a new workspace by itself, once; and goes when somebody asks for that."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from core.annotations import jobs as annotation_jobs
from core.database.db import Database, transaction
from core.demo import jobs, queries, service
from core.demo.errors import NoDemo, NotEmpty
from core.demo.ingest import demo_annotations
from core.demo.schemas import DemoView
from core.errors import Forbidden
from core.identity.schemas import Role
from core.imports import runner
from core.imports.models import Import
from core.imports.schemas import ImportStatus
from core.jobs import outbox
from core.platform.config import config
from core.system.service.verification import verify
from tests.factories.activity import event, store
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
assert jobs.make is not None  # registered with imports
assert annotation_jobs.count is not None  # registered with the outbox

RAW = (
    "user_activity_events",
    "ai_request_metrics",
    "conversations",
    "messages",
    "batch_run_history",
)
OURS = (*RAW, "users", "user_days", "funnel_parts", "subjects")
THEIRS = (
    "ai_feedback",
    "ai_kb_documents",
    "ai_memories",
    "ai_admin_annotations",
    "review_items",
    "review_passes",
)
COSTS = """
select sum(total_cost_usd) from conversations
union all select sum(cost_usd) from ai_request_metrics where conversation_id is not null"""


def decide(*, is_wanted: bool = True) -> bool:
    with transaction() as session:
        return service.decide(session, is_wanted=is_wanted)


def present() -> DemoView | None:
    with transaction() as session:
        return queries.find_demo(session)


def do_what_is_due(*, chunks: int | None = None) -> None:
    """Do the worker's part, or only so many chunks of it."""
    left: Iterator[bool] = iter([True] * chunks) if chunks is not None else iter(lambda: True, None)
    with transaction() as session:
        row = queries.find_row(session)
        assert row is not None
        id_ = row.id
    runner.work(id_, may_go_on=lambda: next(left, False))


def count(table: str, database: Database = Database.CORE) -> int:
    with transaction(database) as session:
        found: int = session.execute(text(f"select count(*) from {table}")).scalar_one()
        return found


def tell() -> None:
    """Do what follows from what was stored."""
    while outbox.relay(Database.CORE) + outbox.relay(Database.AI):
        pass


def test_it_comes_on_the_first_start_and_not_on_the_second() -> None:
    assert decide()
    found = present()
    assert found is not None
    assert found.is_coming
    assert not decide()
    assert count("imports") == 1


def test_left_out_once_it_stays_out() -> None:
    assert not decide(is_wanted=False)
    assert not decide()
    assert present() is None


def test_it_does_not_come_where_something_is_already() -> None:
    store([event("app.opened", user_id="ann")])
    assert not decide()
    admin = person(Role.ADMIN).actor
    with pytest.raises(NotEmpty), transaction() as session:
        service.load(session, actor=admin)


def test_it_does_not_come_into_a_database_that_somebody_brought(
    settings: pytest.MonkeyPatch,
) -> None:
    with settings.context() as patch:
        for name in ("DATABASE_URL", "AI_DATABASE_URL"):
            patch.setenv(name, "postgresql://somebody@localhost/theirs")
        config.cache_clear()
        assert not decide()
    config.cache_clear()


def test_whoever_may_import_may_load_and_remove_it() -> None:
    admin, reviewer = person(Role.ADMIN).actor, person(Role.REVIEWER).actor
    for refused in (service.load, service.remove):
        with pytest.raises(Forbidden), transaction() as session:
            refused(session, actor=reviewer)
    with pytest.raises(NoDemo), transaction() as session:
        service.remove(session, actor=admin)
    with transaction() as session:
        service.load(session, actor=admin)
    with transaction() as session:
        service.remove(session, actor=admin)
    assert present() is None  # nothing of it had come yet
    with transaction() as session:
        actions = session.scalars(
            text("select action from audit_log where action like 'demo.%' order by occurred_at")
        ).all()
    assert actions == ["demo.load", "demo.remove"]


def left_as(status: ImportStatus, counts: dict[str, Any]) -> None:
    """Let the demo come, and stand as it does after something went wrong at its beginning."""
    with transaction() as session:
        service.load(session, actor=person(Role.ADMIN).actor)
        session.query(Import).update({"status": status, "position": 0, "counts": counts})


def remove() -> None:
    with transaction() as session:
        service.remove(session, actor=person(Role.ADMIN).actor)


@pytest.mark.parametrize("status", [ImportStatus.FAILED, ImportStatus.CANCELLED])
def test_what_an_undo_that_failed_or_a_kill_has_left_can_be_removed(status: ImportStatus) -> None:
    left_as(status, {"events": {"accepted": 5, "duplicates": 0, "rejected": 0}})
    remove()
    found = present()
    assert found is not None
    assert found.is_going
    do_what_is_due()
    assert present() is None


def test_a_demo_that_failed_before_anything_came_can_be_removed() -> None:
    left_as(ImportStatus.FAILED, {})
    remove()
    assert present() is None
    with transaction() as session:
        assert queries.may_load(session)


def test_stopped_in_the_middle_it_goes_on_and_removed_it_leaves_nothing() -> None:
    decide()
    do_what_is_due(chunks=1)
    before = count("user_activity_events") + count("users")
    do_what_is_due(chunks=1)
    assert count("user_activity_events") + count("users") > before > 0
    tell()
    assert not [check.examples for check in verify.verify() if check.differences]
    with transaction() as session:
        session.query(Import).update({"status": ImportStatus.CANCELLED})
    leaves_nothing_when_removed()


@pytest.mark.prove
def test_all_of_it_comes_and_removed_it_leaves_nothing() -> None:
    decide()
    do_what_is_due()
    with transaction() as session:
        [row] = session.query(Import).all()
        assert (row.status, row.problems, row.error) == (ImportStatus.COMPLETED, [], None)
        counts = row.counts
    found = present()
    assert found is not None
    annotations = sum(len(review.notes) for review in demo_annotations.read(found.until))
    assert all(each["duplicates"] == each["rejected"] == 0 for each in counts.values())
    assert count("user_activity_events") == counts["events"]["accepted"] >= 40_000
    assert count("ai_request_metrics") == counts["ai_requests"]["accepted"] >= 30_000
    assert count("users") == counts["users"]["accepted"] >= 5_000
    assert count("conversations") == counts["conversations"]["accepted"] >= 2_900
    assert count("ai_feedback", Database.AI) == counts["feedback"]["accepted"]
    assert count("ai_admin_annotations", Database.AI) == annotations > 1300
    tell()
    with transaction() as session:
        assert (
            session.scalar(text("select sum(annotation_count) from conversations")) == annotations
        )
        costs = session.scalars(text(COSTS)).all()
        unpriced = session.scalar(
            text("select count(*) from ai_request_metrics where cost_usd is null and status = 'ok'")
        )
    assert costs[0] == costs[1] > 0
    assert unpriced == 0
    assert not [check.examples for check in verify.verify() if check.differences]
    leaves_nothing_when_removed()


def leaves_nothing_when_removed() -> None:
    remove()
    found = present()
    assert found is not None
    assert found.is_going
    do_what_is_due()
    tell()
    assert present() is None
    left = {table: count(table) for table in OURS} | {
        table: count(table, Database.AI) for table in THEIRS
    }
    assert left == dict.fromkeys((*OURS, *THEIRS), 0)
    assert not [check.examples for check in verify.verify() if check.differences]
