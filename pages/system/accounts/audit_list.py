"""The audit log: filtered and paged in the database."""

import json
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

import streamlit as st

from core.database.paging import Page, Window
from core.identity import queries
from core.identity.schemas import AuditFilter, AuditRow
from core.presentation import formatting
from core.presentation.periods import last_days
from core.system import workspace
from pages._ui import columns, dialogs, frame, guard, state, tables, text
from pages._ui.tables import TableColumn

SIZE = 25
PAGE = "audit_page"
OUTCOMES = {"ok": "Succeeded", "wrong": "Failed", "locked": "Locked"}
COLOURS = {"Succeeded": "green", "Failed": "orange", "Locked": "red"}
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
    frame.section(
        "Audit log",
        (
            f"{formatting.count(page.total_count, 'entry', 'entries')} · newest first · UTC · "
            "click a row for details"
        ),
    )
    if not page.items:
        frame.empty_state(
            "history",
            "No entries match these filters",
            "The audit log records sign-ins, failures and changes.",
        )
        return
    tables.draw(page.items, COLUMNS, "Audit log", key="audit.table", on_open=dialogs.open_row)
    pages = -(-page.total_count // SIZE)
    if pages > 1:
        st.pagination(pages, key=PAGE, bind="query-params")
    dialogs.draw_opened(page.items, "Audit entry", _draw_one, dialogs.no_read)


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


def _draw_one(row: AuditRow) -> None:
    frame.section(text.plain(row.action), f"{row.occurred_at:%-d %b %Y %H:%M:%S} UTC")
    frame.facts(
        {
            "Actor": _actor(row),
            "Outcome": OUTCOMES.get(row.outcome, row.outcome),
            "IP address": row.ip_address,
            "Browser": row.user_agent,
            "Request": row.request_id,
            **{
                f"{name.replace('_', ' ').capitalize()}": str(value)
                for name, value in row.targets.items()
            },
        }
    )
    for label, values in {"Before": row.before, "After": row.after}.items():
        if values:
            st.caption(label)
            st.code(
                json.dumps(values, ensure_ascii=False, indent=2, default=str),
                language="json",
                wrap_lines=True,
            )


def _actor(row: AuditRow) -> str:
    return row.actor.name or row.actor.type.capitalize()


def _what(row: AuditRow) -> str:
    before, after = row.before or {}, row.after or {}
    changes = {
        name: f"{_words(before[name])} → {_words(value)}" if name in before else value
        for name, value in after.items()
        if name not in before or before[name] != value
    }
    # What keeps its name is known by it
    named = {"name": after["name"]} if "name" in after else {}
    facts = {**row.targets, **named, **changes}
    return ", ".join(
        f"{name.replace('_', ' ')}: {_words(value)}"
        for name, value in facts.items()
        # IDs take the room of words here; the drawer has them
        if not name.endswith("_id")
    )[:300]


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


COLUMNS: Sequence[TableColumn[AuditRow]] = [
    columns.moment(
        "Time", lambda row: row.occurred_at, "UTC", format="D MMM YYYY HH:mm:ss", width=160
    ),
    columns.text("Actor", _actor),
    columns.text("Action", lambda row: row.action),
    columns.text("Details", _what, width=400),
    columns.text("IP address", lambda row: row.ip_address),
    columns.chip("Outcome", lambda row: OUTCOMES.get(row.outcome, row.outcome), COLOURS, width=90),
]
