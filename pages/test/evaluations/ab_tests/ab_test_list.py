"""The list of A/B tests."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.ab_tests.queries.ab_tests import list_ab_tests
from core.ab_tests.views import AbTestListItem, AbTestView, Winner
from core.ab_tests.winner import is_open
from core.database.paging import Page
from core.evaluations.views import EvaluationProgress
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, errors, frame, guard, tables, text
from pages._ui.tables import TableColumn
from pages.test.evaluations import evaluation_list, progress
from pages.test.evaluations.ab_tests import address

SHOWN = 50
AT = "ab_tests.list"
NOT_RUN = "Not run"
COLOURS = {NOT_RUN: "gray", **evaluation_list.COLOURS}
WINNERS = {Winner.A: "A", Winner.B: "B", Winner.TIE: "Tie"}
WINNER_COLOURS = {"A": "blue", "B": "blue", "Tie": "gray"}


def draw() -> None:
    with frame.header("A/B tests", "Two bots or prompt versions over the same cases"):
        st.button("New A/B test", icon=":material/add:", type="primary", on_click=address.show_form)
    _draw_list(_read())


def _read() -> Page[AbTestListItem]:
    with guard.work() as (session, actor):
        return list_ab_tests(session, tables.window(AT, SHOWN), actor=actor)


@errors.part("A/B tests")
def _draw_list(found: Page[AbTestListItem]) -> None:
    if not found.total_count:
        frame.empty_state(
            "alt_route",
            "No A/B tests yet",
            "Two bots or prompt versions answer the same cases. The result states which is better, "
            "or that more cases are needed.",
        )
        return
    st.caption(f"{formatting.count(found.total_count, 'A/B test')} · click a row to open it")
    if running := _running(found):
        progress.draw_together(running, lambda: _running(_read()))
    tables.draw_page(found, _columns(), "A/B test", name="ab_tests", at=AT, on_open=_open)


def _running(found: Page[AbTestListItem]) -> dict[UUID, EvaluationProgress]:
    return {
        item.id: item.progress
        for item in found.items
        if item.progress is not None and item.status is not None and item.status.is_going_on
    }


def _open(row: AbTestListItem) -> None:
    address.show(row.id)


def status(row: AbTestListItem | AbTestView) -> str:
    """Return the status of the last run in words."""
    if row.status is None or row.progress is None:
        return NOT_RUN
    return evaluation_list.status_text(row.status, row.progress)


def kind(row: AbTestListItem) -> str:
    kinds = {"Bots" if each.bot_id else "Prompts" for each in row.variants}
    return kinds.pop() if len(kinds) == 1 else "Bot and prompt"


def _winner(row: AbTestListItem) -> str | None:
    return WINNERS[row.winner] if row.winner and not is_open(row.winner, row.verdict) else None


def _columns() -> Sequence[TableColumn[AbTestListItem]]:
    return [
        columns.text("Name", lambda row: row.test_name, width=190),
        columns.text("Kind", kind, width=80),
        columns.chip("Status", status, COLOURS, width=110),
        columns.text("A", lambda row: row.variants[0].name, width=140),
        columns.text("B", lambda row: row.variants[1].name, width=140),
        columns.chip("Winner", _winner, WINNER_COLOURS, width=70),
        columns.text("Verdict", lambda row: text.capitalized(row.verdict or ""), width=190),
        columns.figure("Cost", lambda row: formatting.cost(row.spent_usd, row.unpriced), width=110),
        columns.moment(
            "Created",
            lambda row: row.created_at,
            workspace.zone(),
            format="D MMM HH:mm",
            width=105,
        ),
    ]
