"""Section Versions: all versions with the figures of their tests, what differs, and restoring."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from core.bots.queries import bots as queries
from core.bots.schemas import BotDiff, BotVersionView, BotView, FieldChange
from core.bots.service import bots
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, dialogs, diff, errors, frame, guard, state, tables, text
from pages._ui.tables import TableColumn
from pages._ui.versions import version_trend

DRAFT = "Draft"
BEFORE, AFTER = "bots.diff.before", "bots.diff.after"


def draw(bot: BotView) -> None:
    with guard.work() as (session, actor):
        versions = queries.list_versions(session, bot.id, actor=actor)
    note = " · click a row to restore it as the draft" if bot.is_own else ""
    frame.section("Versions", f"with the means of your tests{note}")
    tables.draw(
        versions,
        _columns(),
        formatting.count(len(versions), "version"),
        key=f"bots.versions.{bot.id}",
        on_open=partial(ask_to_restore, bot.id) if bot.is_own else None,
        most=12,
    )
    version_trend.draw_section(bot.version, bot_id=bot.id)
    _draw_diff(bot, [version.number for version in versions])


def _columns() -> Sequence[TableColumn[BotVersionView]]:
    def met(row: BotVersionView) -> float | None:
        return row.outcomes_met / row.outcomes_checked if row.outcomes_checked else None

    return [
        columns.number("Version", lambda row: row.number, width=70),
        columns.text("Note", lambda row: row.note, width=220),
        columns.text("By", lambda row: row.created_by_name, width=150),
        columns.moment("Saved", lambda row: row.created_at, workspace.zone()),
        columns.number("Tests", lambda row: row.tests, width=60),
        columns.number("Rating", lambda row: row.mean_rating, format="%.1f", width=70),
        columns.number("Alignment", lambda row: row.mean_alignment, format="%.0f", width=85),
        columns.number("Confidence", lambda row: row.mean_confidence, format="%.0f", width=90),
        columns.percent("Outcomes met", met, format="%.0f%%", width=105),
        columns.number(
            "Response time", lambda row: row.mean_response_time_ms, format="%.0f ms", width=110
        ),
    ]


def ask_to_restore(bot_id: UUID, version: BotVersionView) -> None:
    body = "The draft is replaced. Saving it makes a new version."
    title, label = f"Restore version {version.number}?", "Restore version"
    dialogs.confirm(title, body, label, restore, bot_id, version.number, key="bots.restore")


@errors.action
def restore(bot_id: UUID, number: int) -> None:
    with guard.work() as (session, actor):
        bots.restore(session, bot_id, number, actor=actor)
    state.toast(f"Version {number} is the draft")


@errors.part("Changes")
def _draw_diff(bot: BotView, numbers: list[int]) -> None:
    frame.section("Changes between two versions")
    choices = [DRAFT, *numbers]
    for key, chosen in ((BEFORE, numbers[0]), (AFTER, DRAFT)):
        if state.get(key, None) not in choices:
            state.put(key, chosen)
    with st.container(horizontal=True, gap="small"):
        st.selectbox("From", numbers, key=BEFORE, width=140, persist_state="session")
        st.selectbox("To", choices, key=AFTER, width=140, persist_state="session")
    after = state.get(AFTER, DRAFT)
    to = None if after == DRAFT else int(after)
    with guard.work_on_both() as (session, ai, actor):
        found = queries.diff(session, ai, bot.id, state.get(BEFORE, 1), to, actor=actor)
    _draw_changes(found)


def _draw_changes(found: BotDiff) -> None:
    if not found.changes:
        st.caption("No differences.")
        return
    for change in found.changes:
        st.markdown(_line(change))
    if any(part.kind != "same" for part in found.system_prompt):
        old = "".join(part.text for part in found.system_prompt if part.kind != "added")
        new = "".join(part.text for part in found.system_prompt if part.kind != "removed")
        st.caption("System prompt")
        with st.container(border=True):
            diff.draw(old, new)


def _line(change: FieldChange) -> str:
    name = change.field.rpartition(".")[2].replace("_", " ").capitalize()
    before, after = (
        text.plain(formatting.shortened(text.one_line(_shown(value)), 120))
        for value in (change.before, change.after)
    )
    return f"**{text.plain(name)}** {before} → {after}"


def _shown(value: object) -> str:
    return "–" if value in (None, "", []) else str(value)
