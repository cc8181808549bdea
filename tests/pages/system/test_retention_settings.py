"""The preview of expired rows names them as the console does."""

import pytest

from core.database.partitions import PARENTS
from core.identity.schemas import Role, SessionKind
from core.system.service import retention
from core.system.service.retention_rules import RULES
from pages.system.settings.retention_settings import ROWS
from tests.factories.identity import person
from tests.pages.conftest import SETTINGS, Console, said


def test_expired_rows_are_named_as_the_console_names_them(
    console: Console, database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {"ai_request_metrics": 4812, "user_activity_events": 1, "messages": 0}
    found = retention.Cleanup(dry_run=True, rows=rows)
    monkeypatch.setattr(retention, "clean_up", lambda **_: found)
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Retention").run()
    next(each for each in app.button if each.label == "Preview expired rows").click().run()
    assert "Rows to delete: 4,812 AI requests, 1 event." in said(app)


@pytest.mark.parametrize(("days", "is_told"), [(8, True), (80, False)])
def test_who_shortens_retention_is_told_at_once_which_rows_have_expired_by_it(
    console: Console, database: object, monkeypatch: pytest.MonkeyPatch, days: int, is_told: bool
) -> None:
    found = retention.Cleanup(dry_run=True, rows={"user_activity_events": 12})
    monkeypatch.setattr(retention, "clean_up", lambda **_: found)
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Retention").run()
    app.number_input(key="retention.event_days").set_value(days)
    next(each for each in app.button if each.label == "Save").click().run()
    assert ("Rows to delete: 12 events." in said(app)) is is_told
    assert "Rows to delete" not in said(app.run())


def test_each_table_of_a_retention_rule_has_a_name() -> None:
    tables = {rule.table.name for rule in RULES} | {*PARENTS, "prompt_executions"}
    tables |= {rule.child.table.name for rule in RULES if rule.child is not None}
    assert tables <= set(ROWS)
