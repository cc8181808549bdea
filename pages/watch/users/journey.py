"""The journey of a user or an anonymous session: onboarding, timeline and details."""

from datetime import datetime

import streamlit as st

from core.activity.errors import AnonymousSessionMissing, UserMissing
from core.activity.queries import journeys, user_details
from core.activity.views import JourneyEvents, OnboardingStatus
from core.insights.queries import timeline as timelines
from core.presentation import formatting
from core.presentation.periods import Watched
from core.system import workspace
from core.system.queries import deleted_until
from pages._ui import frame, state, text, watch
from pages._ui.cache import Reads
from pages._ui.filters.selection import DEFAULTS
from pages.watch.users import journey_details, onboarding_steps, timeline_list, user_list

PAGE = "users"
AT_ONCE = 100
TONES = {
    OnboardingStatus.COMPLETED: "green",
    OnboardingStatus.IN_PROGRESS: "blue",
    OnboardingStatus.STUCK: "orange",
    OnboardingStatus.DROPPED: "red",
}


def draw(reads: Reads) -> None:
    """Draw the user or session that the address names."""
    frame.back("All users", close, "journey.back")
    given = st.query_params
    # From the address, because no filter bar has taken it over
    environment = given.get("environment") or DEFAULTS["environment"]
    watched = Watched(environment, given.get("app") or None)
    shown = AT_ONCE * state.get(_key("more"), 1)
    try:
        if name := given.get("user"):
            draw_user(reads, name, watched, shown)
        else:
            draw_anonymous(reads, given["session"], watched, shown)
    except (UserMissing, AnonymousSessionMissing) as missing:
        st.title("Users", anchor=False)
        frame.empty_state(
            "person_off",
            "User not found" if given.get("user") else "Session not found",
            missing.detail,
        )


def draw_user(reads: Reads, name: str, watched: Watched, shown: int) -> None:
    user = reads.ask(user_details.get_user, name, watched)
    from_end = _is_from_end()
    found = reads.ask(journeys.read_journey, name, watched, limit=shown, from_end=from_end)
    facts = [
        user.email or "",
        user.external_id,
        formatting.count(user.active_days, "active day"),
        formatting.count(found.total_count, "event"),
    ]
    facts += [formatting.count(user.errors, "error")] if user.errors else []
    _draw_head(user_list.name_of(user), " · ".join(filter(None, dict.fromkeys(facts))), user.status)
    # Of what is beside the events, only as far as they are shown.
    edge = found.items[0 if from_end else -1].created_at if _left(found) else None
    span = (None, edge) if from_end else (edge, None)
    others = reads.ask_both(timelines.read_other_activity, user.id, watched, *span)
    onboarding_steps.draw(found)
    left, right = st.columns([2.6, 1], gap="medium")
    with right:
        journey_details.draw(user, found.ai_requests, watched)
    until = reads.ask(deleted_until, "user_activity_events", user.first_seen_at)
    with left:
        _draw_timeline(found, others, until)


def draw_anonymous(reads: Reads, session_id: str, watched: Watched, shown: int) -> None:
    from_end = _is_from_end()
    found = reads.ask(journeys.read_anonymous, session_id, watched, limit=shown, from_end=from_end)
    one = found.session
    facts = [
        "anonymous session",
        formatting.count(one.events, "event"),
        *([formatting.count(one.errors, "error")] * bool(one.errors)),
    ]
    _draw_head(session_id, " · ".join(facts), one.status)
    onboarding_steps.draw(found)
    _draw_timeline(found, None)


def close() -> None:
    """Go back to the list, from a callback."""
    state.forget(_key("more"))
    for name in ("user", "session"):
        st.query_params.pop(name, None)


def _draw_head(title: str, facts: str, status: OnboardingStatus) -> None:
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.title(text.plain(title), anchor=False, width="content")
            st.badge(user_list.STATES[status], color=TONES[status])  # type: ignore[arg-type]  # colours by name
        st.caption(text.plain(facts))


def _draw_timeline(
    found: JourneyEvents,
    others: timelines.OtherActivity | None,
    deleted_before: datetime | None = None,
) -> None:
    zone = workspace.zone()
    events = formatting.count(found.total_count, "event")
    order = "latest" if _is_from_end() else "oldest"
    days = timelines.timeline(found.items, others, zone)
    with watch.panel("Timeline", f"{events}, {order} first ({zone})"):
        watch.say_deleted("events", deleted_before, zone)
        if found.total_count > AT_ONCE:
            timeline_list.choose_order(_key("order"))
        timeline_list.draw(
            timelines.latest_first(days) if _is_from_end() else days,
            zone,
            is_readable=others is not None and others.is_readable,
        )
        if others is not None and others.is_cut:
            st.caption(
                f"At most {timelines.MOST} conversations and {timelines.MOST} ratings are shown."
            )
        if left := _left(found):
            st.button(
                f"Show more ({left:,} events left)",
                key="journey.more",
                on_click=state.put,
                args=(_key("more"), state.get(_key("more"), 1) + 1),
            )


def _is_from_end() -> bool:
    return state.get(_key("order"), "") == timeline_list.LATEST


def _left(found: JourneyEvents) -> int:
    """Return how many events are not shown yet: a full last page has a cursor, too."""
    return max(0, found.total_count - len(found.items))


def _key(name: str) -> str:
    return f"{PAGE}.{st.query_params.get('user') or st.query_params.get('session')}.{name}"
