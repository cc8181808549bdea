"""The journey of a user or an anonymous session: onboarding, timeline and details."""

from urllib.parse import urlencode

import streamlit as st

from core.activity.errors import AnonymousSessionMissing, UserMissing
from core.activity.queries import journeys, user_details
from core.activity.schemas import RequestTotals
from core.activity.views import JourneyEvents, OnboardingStatus, UserView
from core.insights.queries.timeline import OtherActivity, read_other_activity, timeline
from core.presentation import formatting
from core.presentation.periods import MOST_DAYS, Watched
from core.system import workspace
from pages._ui import frame, links, state, text, watch
from pages._ui.cache import Reads
from pages._ui.filters.selection import DEFAULTS
from pages.watch.users import timeline_list, user_list

PAGE = "users"
STEP_PX, AT_ONCE = 130, 100
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
    found = reads.ask(journeys.read_journey, name, watched, limit=shown)
    facts = [
        user.email or "",
        user.external_id,
        formatting.count(user.active_days, "active day"),
        formatting.count(found.total_count, "event"),
    ]
    facts += [formatting.count(user.errors, "error")] if user.errors else []
    _draw_head(user_list.name_of(user), " · ".join(filter(None, dict.fromkeys(facts))), user.status)
    # Of what is beside the events, only as far as they are shown.
    until = found.items[-1].created_at if _left(found) else None
    others = reads.ask_both(read_other_activity, user.id, watched, None, until)
    _draw_onboarding(found)
    left, right = st.columns([2.6, 1], gap="medium")
    with right:
        _draw_facts(user, found.ai_requests, watched)
    with left:
        _draw_timeline(found, others)


def draw_anonymous(reads: Reads, session_id: str, watched: Watched, shown: int) -> None:
    found = reads.ask(journeys.read_anonymous, session_id, watched, limit=shown)
    one = found.session
    facts = [
        "anonymous session",
        formatting.count(one.events, "event"),
        *([formatting.count(one.errors, "error")] * bool(one.errors)),
    ]
    _draw_head(session_id, " · ".join(facts), one.status)
    _draw_onboarding(found)
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


def _draw_onboarding(found: JourneyEvents) -> None:
    zone = workspace.zone()
    with watch.panel("Onboarding", "time each step was reached, and time since the previous step"):
        _draw_steps(found, zone)


def _draw_timeline(found: JourneyEvents, others: OtherActivity | None) -> None:
    zone = workspace.zone()
    note = f"{formatting.count(found.total_count, 'event')}, oldest first ({zone})"
    with watch.panel("Timeline", note):
        timeline_list.draw(
            timeline(found.items, others, zone),
            zone,
            is_readable=others is not None and others.is_readable,
        )
        if left := _left(found):
            st.button(
                f"Show more ({left:,} events left)",
                key="journey.more",
                on_click=state.put,
                args=(_key("more"), state.get(_key("more"), 1) + 1),
            )


def _left(found: JourneyEvents) -> int:
    """Return how many events are not shown yet: a full last page has a cursor, too."""
    return max(0, found.total_count - len(found.items))


def _draw_steps(found: JourneyEvents, zone: str) -> None:
    with st.container(border=True, gap="small", key="journey-steps"):
        grid = st.grid(len(found.steps), min_column_width=STEP_PX, gap="small")
        for step in found.steps:
            name = f":gray[:small[{step.step}\u2002{text.plain(step.label)}]]"
            if step.reached_at is None:
                grid.markdown(
                    f"{name}  \n:gray[:material/radio_button_unchecked:]\u2002:gray[not reached]"
                )
                continue
            gap = step.seconds_from_previous
            after = (
                f"after {formatting.duration(round(gap * 1000))}" if gap is not None else "start"
            )
            at = text.plain(formatting.moment(step.reached_at, zone))
            grid.markdown(
                f"{name}  \n:green[:material/check_circle:]\u2002**{at}**  "
                f"\n:gray[:small[{text.plain(after)}]]"
            )
        st.markdown(f":gray[:material/help:]\u2002{text.plain(found.why)}")


def _draw_facts(user: UserView, requests: RequestTotals, watched: Watched) -> None:
    zone = workspace.zone()
    traits = {name: value for name, value in user.traits.items() if value not in (None, "", [], {})}
    known = {
        "First seen": formatting.moment(user.first_seen_at, zone),
        "Last seen": formatting.moment(user.last_seen_at, zone),
        **{name: formatting.plain(value) for name, value in traits.items()},
    }
    watch.details("Details", known)
    if requests.first_at is not None:
        usage = {
            "Requests": f"{requests.requests:,}",
            "Errors": f"{requests.errors:,}" if requests.errors else None,
            "Tokens": f"{requests.total_tokens:,}" if requests.total_tokens is not None else None,
            "Cost": formatting.cost(requests.cost_usd, requests.unpriced_requests),
        }
        watch.details("AI requests", usage, f"since {formatting.moment(requests.first_at, zone)}")
    with watch.panel("Related"), st.container(gap=None):
        place = user_list.place_of(watched)
        links.draw(
            "ai-metrics", "AI requests", icon="monitoring", user_id=str(user.id), days="90", **place
        )
        query = {"user_id": user.id, **place, "days": MOST_DAYS, "format": "csv"}
        address = f"/api/v1/admin/onboarding/events?{urlencode(query)}"
        st.link_button("Export events (CSV)", address, icon=":material/download:", type="tertiary")


def _key(name: str) -> str:
    return f"{PAGE}.{st.query_params.get('user') or st.query_params.get('session')}.{name}"
