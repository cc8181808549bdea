"""As long as an import can be undone, its rows stay, and keep no others; then it is sealed."""

import pytest
from sqlalchemy import text

from core.database import settings
from core.database.db import Database, transaction
from core.imports.service.undo.undo import since, undo
from core.platform.ids import new_id
from core.system.service import retention
from core.system.service.verification import verify
from tests.factories.history import at, count, days_ago
from tests.factories.imports import KINDS, differences, dump, row, rows, send

pytestmark = pytest.mark.usefixtures("database")


def keep(**days: int) -> None:
    with transaction() as session:
        settings.write(session, settings.Retention(**days), by=None)


def arrived(days: float) -> None:
    with transaction() as session:
        session.execute(
            text("update user_activity_events set received_at = :at"), {"at": days_ago(days)}
        )


def test_rows_of_an_import_stay_in_a_day_whose_others_go() -> None:
    ours = new_id()
    send("event", *rows("event", range(6), days=12))
    before = dump()
    send("event", *rows("event", range(6, 12), days=12, by="i"), import_id=ours)
    arrived(11)
    keep(event_days=10)
    assert retention.apply(dry_run=True).rows["user_activity_events"] == 6
    assert retention.apply().rows["user_activity_events"] == 6
    assert count("user_activity_events", f"import_id = '{ours}'") == 6
    undo(ours)
    raw = "attune_core.user_activity_events"
    assert differences({**before, raw: []}, dump()) == ""
    assert [check.examples for check in verify.verify() if check.differences] == []


def test_when_it_can_no_longer_be_undone_its_rows_go_like_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = new_id()
    for kind in KINDS:
        send(kind, *rows(kind, range(5)), import_id=ours)
    keep(
        event_days=10,
        request_days=10,
        conversation_days=10,
        feedback_days=10,
        score_days=10,
        batch_run_days=10,
        batch_runs_kept=0,
    )
    at(days_ago(-20), monkeypatch)
    assert not any(retention.apply().rows.values())
    at(days_ago(-32), monkeypatch)
    with transaction() as session:
        assert since(session) > days_ago(0)
    gone = retention.apply().rows
    assert (gone["user_activity_events"], gone["ai_request_metrics"], gone["conversations"]) == (
        5,
        5,
        4,
    )
    assert (count("import_traces"), count("import_traces", database=Database.AI)) == (0, 0)


@pytest.mark.parametrize("was", [30, 2])
def test_a_longer_window_does_not_bring_back_imports_whose_traces_are_gone(
    monkeypatch: pytest.MonkeyPatch, was: int
) -> None:
    keep(import_undo_days=was)
    at(days_ago(-40), monkeypatch)
    retention.apply(dry_run=True)
    keep(import_undo_days=90)
    with transaction() as session:
        assert since(session) == days_ago(50)
    keep(import_undo_days=was)
    retention.apply()
    keep(import_undo_days=90)
    with transaction() as session:
        assert since(session) == days_ago(-40 + was + 1)


def test_fields_go_back_to_what_an_older_import_reported_whose_own_undo_is_over() -> None:
    older, ours = new_id(), new_id()
    send("user", row("user", 0), import_id=older)
    with transaction() as session:
        session.execute(text("update import_traces set noted_at = :at"), {"at": days_ago(40)})
    before = dump()
    send("user", row("user", 12), import_id=ours)
    retention.apply()
    undo(ours)
    assert differences(before, dump()) == ""
    retention.apply()
    assert count("import_traces") == 0
