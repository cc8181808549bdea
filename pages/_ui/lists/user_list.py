"""Users, or sessions without one, in a table; the one that is selected is shown with its journey."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activity.answers import AnonymousSummary, OnboardingStatus, UserSummary
from core.activity.funnels.funnel import STEPS
from core.presentation import words
from pages._ui import tables

SHOWN = 25
STATES: dict[str, str] = {
    OnboardingStatus.COMPLETED: "Completed",
    OnboardingStatus.IN_PROGRESS: "In progress",
    OnboardingStatus.STUCK: "Stuck",
    OnboardingStatus.DROPPED: "Dropped off",
}
COLOURS = ["green", "blue", "orange", "red"]
column = st.column_config
COLUMNS = {
    "Status": column.MultiselectColumn(options=list(STATES.values()), color=COLOURS, width=100),
    "Step": column.ProgressColumn(format=f"%d of {len(STEPS)}", min_value=0, max_value=len(STEPS), width=130),
    "Last step": column.TextColumn(width=150),
    "First seen": column.DatetimeColumn(format="D MMM YYYY HH:mm", width=140),
    "Last seen": column.DatetimeColumn(format="D MMM YYYY HH:mm", width=140),
    "Events": column.NumberColumn(format="localized", width=80),
    "Errors": column.NumberColumn(format="localized", width=80),
}


def draw_count(place: DeltaGenerator, total: int, what: str) -> None:
    """Say how many there are."""
    place.caption(f"{words.count(total, what)} · select a row to open the journey")


def draw_users(rows: Sequence[UserSummary], zone: str, key: str) -> None:
    """Draw one page of users."""
    table = pd.DataFrame(
        {
            "User": [name_of(row) for row in rows],
            "Status": [[STATES[row.status]] for row in rows],
            "Step": [row.step for row in rows],
            "Last step": [words.event(row.step_event_type or "") for row in rows],
            "First seen": times([row.first_seen_at for row in rows], zone),
            "Last seen": times([row.last_seen_at for row in rows], zone),
            "Email": [row.email or "" for row in rows],
            "ID": [row.external_id for row in rows],
        }
    )

    def picked(number: int) -> None:
        show("user", str(rows[number].id))

    tables.show(table, words.count(len(rows), "user"), key=key, columns=COLUMNS, on_pick=picked)


def draw_anonymous(rows: Sequence[AnonymousSummary], zone: str, key: str) -> None:
    """Draw one page of sessions without a user."""
    table = pd.DataFrame(
        {
            "Session": [row.session_id for row in rows],
            "Status": [[STATES[row.status]] for row in rows],
            "Step": [row.step for row in rows],
            "Last step": [words.event(row.step_event_type or "") for row in rows],
            "First seen": times([row.first_seen_at for row in rows], zone),
            "Last seen": times([row.last_seen_at for row in rows], zone),
            "Events": [row.events for row in rows],
            "Errors": [row.errors for row in rows],
            "App": [row.app for row in rows],
        }
    )

    def picked(number: int) -> None:
        show("session", rows[number].session_id)

    tables.show(table, words.count(len(rows), "session"), key=key, columns=COLUMNS, on_pick=picked)


def show(what: str, name: str) -> None:
    """Open one, from a callback."""
    st.query_params[what] = name


def times(given: Sequence[datetime | None], zone: str) -> "pd.Series[pd.Timestamp]":
    """Return times as the zone's clocks show them."""
    return pd.Series(pd.to_datetime(pd.Series(list(given), dtype="object"), utc=True)).dt.tz_convert(zone)


def name_of(user: UserSummary) -> str:
    """Return what a user is called."""
    return user.display_name or user.email or user.external_id
