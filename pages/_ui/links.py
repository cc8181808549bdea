"""Links to other pages with a query string, only to pages that the reader may open."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from pages._ui import state, text

PAGES = Path(__file__).resolve().parents[1]
FILES = {
    "overview": "watch/overview/page.py",
    "users": "watch/users/page.py",
    "onboarding": "watch/onboarding/page.py",
    "engagement": "watch/engagement/page.py",
    "ai-metrics": "watch/ai_metrics/page.py",
    "batch-history": "watch/batch_history/page.py",
    "tuning": "review/tuning/page.py",
    "knowledge": "review/knowledge/page.py",
    "tickets": "review/tickets/page.py",
    "playground": "test/playground/page.py",
    "comparison": "test/playground/comparison/page.py",
    "prompts": "test/prompts/page.py",
    "bots": "test/bots/page.py",
    "datasets": "test/datasets/page.py",
    "evaluations": "test/evaluations/page.py",
    "ab-tests": "test/evaluations/ab_tests/page.py",
    "usage": "test/usage/page.py",
    "settings": "system/settings/page.py",
    "accounts": "system/accounts/page.py",
    "you": "system/you/page.py",
}
ADDRESSES = frozenset(FILES)  # of all pages, whoever may open them
ACTION = "action"  # in the address: what the page begins with

WANTED = "console.way"
SHOWN = "console.place"


def go(address: str, **query: str) -> None:
    """Lead to a page, from a callback; `follow` goes there in the rerun."""
    state.put(WANTED, (address, query))


def follow() -> None:
    if wanted := state.take(WANTED):
        address, query = wanted
        st.switch_page(path_of(address), query_params=query)


def show_query(page: str) -> None:
    """Have the browser show the query of a link that led to the page that was open.

    Streamlit changes the address for another page only: left alone, a reload, Back and a shared
    address would lead to what was open before the link.
    """
    now = (page, st.query_params.to_dict())
    before = state.get(SHOWN, now)
    state.put(SHOWN, now)
    if before[0] == page and before != now:
        st.query_params.update()


def begins(action: str) -> bool:
    """Whether the address asks this page to begin with an action, once."""
    is_wanted = st.query_params.get(ACTION) == action
    if is_wanted:
        # A reload, or a bookmark, must not begin it again
        del st.query_params[ACTION]
    return is_wanted


def path_of(address: str) -> Path:
    """Return the file of a page."""
    return PAGES / FILES[address]


def draw(address: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """Draw a link to a page with a literal label; nothing where the reader may not open it."""
    draw_to(address, label, query, icon=icon)


def draw_providers() -> None:
    draw("settings", "Add provider", icon="key", section="Providers")


def draw_to(address: str, label: str, query: Mapping[str, str], *, icon: str | None = None) -> None:
    """Draw a link as `draw` does, with parameters of any name, such as `label` or `icon`."""
    symbol = f":material/{icon}:" if icon else None
    # Streamlit knows the navigation of this reader's role; every other page raises.
    with suppress(StreamlitPageNotFoundError):
        st.page_link(
            path_of(address),
            label=text.plain(label),
            icon=symbol,
            query_params=dict(query) or None,
        )
