"""The audit log: filtered and paged in the database."""

from datetime import datetime
from urllib.parse import urlencode

import streamlit as st

from core.database.paging import Page, Window
from core.identity import queries
from core.identity.schemas import AuditFilter, AuditRow
from core.presentation import formatting
from core.presentation.periods import last_days
from core.system import workspace
from pages._ui import dialogs, frame, guard, state, tables
from pages.system.accounts import audit_entry

SIZE = 25
PAGE = "audit_page"
EVER = "ever"
SPANS = {
    EVER: "Any time",
    "1": "Today",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
}


def draw() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        account = st.text_input(
            "Account",
            key="account",
            bind="query-params",
            placeholder="Filter by account",
            label_visibility="collapsed",
            width=220,
            on_change=_first_page,
        )
        action = st.text_input(
            "Action",
            key="action",
            bind="query-params",
            placeholder="Filter by action, e.g. session.sign_in",
            label_visibility="collapsed",
            width=280,
            on_change=_first_page,
        )
        days = st.selectbox(
            "Period",
            list(SPANS),
            key="days",
            bind="query-params",
            format_func=lambda each: SPANS[each],
            label_visibility="collapsed",
            width=160,
            on_change=_first_page,
        )
        st.link_button(
            "Export CSV",
            download(account, action, days),
            icon=":material/download:",
            help="Download all rows that match the filters",
        )
    wanted = AuditFilter(action or None, account or None, _since(days))
    page = _read(wanted, _number())
    if page.total_count and not page.items:
        # Beyond the last page, the pagination goes back to the first
        page = _read(wanted, 1)
    counted = formatting.count(page.total_count, "entry", "entries")
    frame.section("Audit log", f"{counted} · newest first · UTC · click a row for details")
    if not page.items:
        frame.empty_state(
            "history",
            "No entries match these filters",
            "The audit log records sign-ins, failures and changes.",
        )
        return
    tables.draw(
        page.items, audit_entry.COLUMNS, "Audit log", key="audit.table", on_open=dialogs.open_row
    )
    pages = -(-page.total_count // SIZE)
    if pages > 1:
        st.pagination(pages, key=PAGE, bind="query-params")
    dialogs.draw_opened(page.items, "Audit entry", audit_entry.draw, dialogs.no_read)


def _number() -> int:
    """Return the number of the page, in the first run from the address: the pagination, which
    takes it from there, is drawn below the rows.
    """
    given = st.query_params.get(PAGE, "")
    return max(1, state.get(PAGE, int(given) if given.isdecimal() and len(given) < 8 else 1))


def _read(wanted: AuditFilter, number: int) -> Page[AuditRow]:
    with guard.work() as (session, _):
        return queries.list_audit(session, wanted, window=Window(SIZE, (number - 1) * SIZE))


def download(account: str, action: str, days: str) -> str:
    """Return the API's address of the same rows as CSV."""
    given = {"account": account, "action": action, "days": days if days != EVER else ""}
    kept = {name: value for name, value in given.items() if value}
    return f"/api/v1/admin/audit?{urlencode(kept | {'format': 'csv'})}"


def _since(days: str) -> datetime | None:
    return last_days(int(days), zone=workspace.zone()).start if days != EVER else None


def _first_page() -> None:
    state.put(PAGE, 1)
