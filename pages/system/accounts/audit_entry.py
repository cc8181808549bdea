"""An entry of the audit log: its row in the table, and its details."""

import json
from collections.abc import Sequence

import streamlit as st

from core.identity.schemas import AuditRow
from pages._ui import columns, frame, text
from pages._ui.tables import TableColumn

OUTCOMES = {"ok": "Succeeded", "wrong": "Failed", "locked": "Locked"}
COLOURS = {"Succeeded": "green", "Failed": "orange", "Locked": "red"}


def draw(row: AuditRow) -> None:
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
