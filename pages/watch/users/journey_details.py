"""The details of a user beside the timeline, and links to their AI requests and events."""

from urllib.parse import urlencode

import streamlit as st

from core.activity.schemas import RequestTotals
from core.activity.views import UserView
from core.presentation import formatting
from core.presentation.periods import MOST_DAYS, Watched
from core.system import workspace
from pages._ui import links, watch
from pages.watch.users import user_list


def draw(user: UserView, requests: RequestTotals, watched: Watched) -> None:
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
