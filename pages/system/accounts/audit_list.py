"""The audit log: filtered and paged in the database."""

from datetime import datetime
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core.database.paging import Page, Window
from core.identity import queries
from core.identity.schemas import AuditFilter, AuditRow
from core.presentation import words
from core.presentation.periods import last_days
from core.system import workspace
from pages._ui import frame, guard, state, tables

SIZE = 25
PAGE = "audit_page"
OUTCOMES = {"ok": "Succeeded", "wrong": "Failed", "locked": "Locked"}
EVER = "ever"
SPANS = {EVER: "Any time", "1": "Today", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}


def draw() -> None:
    """Draw the filters, the rows and the pages."""
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
    number = max(1, state.get(PAGE, 1))
    with guard.work() as (session, _):
        page = queries.list_audit(session, wanted, window=Window(SIZE, (number - 1) * SIZE))
    frame.section("Audit log", f"{words.count(page.total_count, 'entry', 'entries')} · newest first · UTC")
    if not page.items:
        frame.empty_state("history", "No entries match these filters", "The audit log records sign-ins, failures and changes.")
        return
    draw_table(page)
    pages = -(-page.total_count // SIZE)
    if pages > 1:
        st.pagination(pages, key=PAGE, bind="query-params")


def download(account: str, action: str, days: str) -> str:
    """Return the address of the API's stream of the same rows."""
    given = {"account": account, "action": action, "days": days if days != EVER else ""}
    return f"/api/v1/admin/audit?{urlencode({name: value for name, value in given.items() if value} | {'format': 'csv'})}"


def _since(days: str) -> datetime | None:
    return last_days(int(days), zone=workspace.zone()).start if days != EVER else None


def _first_page() -> None:
    state.put(PAGE, 1)


def draw_table(page: Page[AuditRow]) -> None:
    """Draw one page of rows."""
    rows = pd.DataFrame(
        {
            "Time": pd.to_datetime([row.occurred_at for row in page.items], utc=True),
            "Actor": [row.actor.name or row.actor.type.capitalize() for row in page.items],
            "Action": [row.action for row in page.items],
            "Details": [_what(row) for row in page.items],
            "IP address": [row.ip_address or "" for row in page.items],
            "Outcome": [[OUTCOMES.get(row.outcome, row.outcome)] for row in page.items],
        }
    )
    outcome = st.column_config.MultiselectColumn(
        "Outcome", options=list(OUTCOMES.values()), color=["green", "orange", "red"], width="small"
    )
    moment = st.column_config.DatetimeColumn("Time", format="D MMM YYYY, HH:mm:ss")
    columns = {"Time": moment, "Details": st.column_config.TextColumn(width=400), "Outcome": outcome}
    tables.show(rows, "Audit log", key="audit.table", columns=columns)


def _what(row: AuditRow) -> str:
    before, after = row.before or {}, row.after or {}
    changes = {name: f"{before[name]} → {value}" if name in before else value for name, value in after.items()}
    facts = {**row.targets, **changes}
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items() if not name.endswith("_id"))[:300]
