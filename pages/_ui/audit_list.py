"""The audit log: filtered and paged in the database."""

from datetime import datetime
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core import words
from core.identity import queries
from core.identity.schemas import AuditFilter, AuditRow
from core.paging import Page, Window
from core.periods import last_days
from core.system import workspace
from pages._ui import frame, guard, state, tables

SIZE = 25
PAGE = "audit_page"
OUTCOMES = ("ok", "wrong", "locked")
EVER = "ever"
SPANS = {EVER: "Any time", "1": "Today", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}


def draw() -> None:
    """Draw the filters, the rows and the pages."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        account = st.text_input(
            "Account",
            key="account",
            bind="query-params",
            placeholder="Account",
            label_visibility="collapsed",
            width=220,
            on_change=_first_page,
        )
        action = st.text_input(
            "Action",
            key="action",
            bind="query-params",
            placeholder="Action, such as session.sign_in",
            label_visibility="collapsed",
            width=280,
            on_change=_first_page,
        )
        days = st.selectbox(
            "When",
            list(SPANS),
            key="days",
            bind="query-params",
            format_func=lambda each: SPANS[each],
            label_visibility="collapsed",
            width=160,
            on_change=_first_page,
        )
        st.link_button(
            "CSV", download(account, action, days), icon=":material/download:", help="Every row that the filters match"
        )
    wanted = AuditFilter(action or None, account or None, _since(days))
    number = max(1, state.get(PAGE, 1))
    with guard.work() as (session, _):
        page = queries.list_audit(session, wanted, window=Window(SIZE, (number - 1) * SIZE))
    frame.section("Audit", f"{words.count(page.total_count, 'entry', 'entries')}, the newest first, times in UTC")
    if not page.items:
        frame.empty_state("history", "Nothing matches", "Every sign-in, failure and change is written down here.")
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
            "When": pd.to_datetime([row.occurred_at for row in page.items], utc=True),
            "Who": [row.actor.name or row.actor.type for row in page.items],
            "Action": [row.action for row in page.items],
            "What": [_what(row) for row in page.items],
            "From": [row.ip_address or "" for row in page.items],
            "Outcome": [[row.outcome] for row in page.items],
        }
    )
    outcome = st.column_config.MultiselectColumn(
        "Outcome", options=list(OUTCOMES), color=["green", "orange", "red"], width="small"
    )
    moment = st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm:ss")
    columns = {"When": moment, "What": st.column_config.TextColumn(width=400), "Outcome": outcome}
    tables.show(rows, "Audit log", key="audit.table", columns=columns)


def _what(row: AuditRow) -> str:
    before, after = row.before or {}, row.after or {}
    changes = {name: f"{before[name]} → {value}" if name in before else value for name, value in after.items()}
    facts = {**row.targets, **changes}
    return ", ".join(f"{name} {value}" for name, value in facts.items() if not name.endswith("_id"))[:300]
