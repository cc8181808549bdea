"""The pages of the audit log."""

import pytest

from core.database.db import transaction
from core.database.paging import Window
from core.identity import queries
from core.identity.schemas import AccountChange, AuditFilter, Role, SessionKind
from core.identity.service import accounts, audit
from tests.factories.identity import person
from tests.pages.conftest import ACCOUNTS, Console


@pytest.mark.parametrize(("number", "first", "shown"), [("2", 25, 2), ("900000", 0, 1)])
def test_the_rows_are_of_the_page_that_the_address_names(
    console: Console, number: str, first: int, shown: int
) -> None:
    boss = person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)
    other = person()
    for turn in range(30):
        change = AccountChange(is_active=turn % 2 == 1)
        with transaction() as session:
            accounts.change_account(session, other.actor.id, change, actor=boss.actor)
    app = console(boss, ACCOUNTS)
    app.query_params["audit_page"] = number
    app.button_group[0].set_value("Audit").run()
    assert not app.exception
    with transaction() as session:
        rows = queries.list_audit(session, AuditFilter(), window=Window(100)).items
    times = [row.occurred_at for row in rows[first : first + 25]]
    table = next(each.value for each in app.dataframe if "Action" in each.value.columns)
    assert list(table["Time"]) == times
    assert app.session_state["audit_page"] == shown


def test_the_details_are_what_changed_in_words(console: Console) -> None:
    boss = person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)
    kept = {"name": "concierge", "tags": ["demo"], "version": 8}
    with transaction() as session:
        for before, after in (
            (kept, kept | {"category": "Support"}),
            (kept | {"label": None}, kept | {"label": "production", "tags": []}),
        ):
            audit.record(session, "prompt.change", boss.actor, before=before, after=after)
    app = console(boss, ACCOUNTS)
    app.button_group[0].set_value("Audit").run()
    table = next(each.value for each in app.dataframe if "Details" in each.value.columns)
    assert list(table["Details"])[:2] == [
        "name: concierge, tags: demo → none, label: none → production",
        "name: concierge, category: Support",
    ]
