"""The page's furniture: header, headings, states. Native Streamlit; all CSS that was unavoidable is in style.css."""

import time
from datetime import UTC, tzinfo
from functools import cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.database import db
from pages._ui import text

HERE = Path(__file__).parent
LOOKS_EVERY_S = 2.0
# What style.css needs of the theme, which keeps its colours to itself.
COLOURS = {
    "accent": "linkColor",
    "muted": "grayTextColor",
    "line": "blueColor",
    "good": "greenColor",
    "idle": "grayColor",
    "warn": "orangeTextColor",
    "del": "redBackgroundColor",
    "del-text": "redTextColor",
    "ins": "greenBackgroundColor",
    "ins-text": "greenTextColor",
}


@cache
def read(name: str) -> str:
    """Return a file of this folder as text."""
    return (HERE / name).read_text()


# v2 components take their script as text; each does one thing that the browser must do itself.
_leave = st.components.v2.component("attune_leave", js=read("parts/leave.js"))
_tables = st.components.v2.component("attune_tables", js=read("parts/tables.js"))
_follow_theme = st.components.v2.component("attune_theme", js=read("parts/theme.js"))


def style() -> None:
    """Apply the console's own CSS, with the theme's colours by name."""
    dark = f"@media (prefers-color-scheme: dark) {{ {_colours('dark')} }}"
    st.html(f"<style>{_colours('light')} {dark}\n{read('style.css')}</style>")


def _colours(theme: str) -> str:
    named = (f"--attune-{name}: {st.get_option(f'theme.{theme}.{option}')};" for name, option in COLOURS.items())
    return f":root {{ {' '.join(named)} }}"


def time_zone() -> tzinfo:
    """Return the time zone of the reader's browser; UTC where it names none that is known."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def plain_tables() -> None:
    """Keep the key that searches a page from searching a table."""
    with st.container(key="unseen-tables"):
        _tables(key="console.tables")


def follow_theme() -> None:
    """Rerun when the system turns light or dark, so that charts change colour at once."""
    with st.container(key="unseen-theme"):
        _follow_theme(key="console.theme", on_flip_change=lambda: None)


def leave() -> None:
    """Say that the session is over, and lead to the sign-in page and from there back to this address."""
    st.markdown("Your session has ended. [Sign in](/login)")
    query = urlencode(st.query_params.to_dict())
    wanted = urlsplit(st.context.url or "").path + (f"?{query}" if query else "")
    with st.container(key="unseen-leave"):
        _leave(key="console.leave", data={"wanted": wanted})


def header(title: str, caption: str) -> DeltaGenerator:
    """Draw title and caption on the left; return the place for at most two actions on the right."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", gap="medium")
    with row.container(gap=None, width="content"):
        st.title(title, anchor=False)
        st.caption(caption)
    return row.container(horizontal=True, width="content", vertical_alignment="center", gap="small")


def section(title: str, note: str = "") -> None:
    """Draw a heading, and in grey on the same line what it is about."""
    st.markdown(f"**{title}**" + (f"\u2002:gray[:small[{note}]]" if note else ""))


def empty_state(icon: str, title: str, body: str, *, border: bool = True) -> DeltaGenerator:
    """Say what will appear here and how; return the place for the one action that makes it so."""
    with st.container(border=border, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(f":gray[:material/{icon}:]\u2002**{title}**", width="content")
        st.caption(body, width=380, text_alignment="center")
        action = st.container(width="content")
        st.space("small")
    return action


def error_state(title: str, body: str, reference: str | None = None, *, retry: bool = False, is_outage: bool = False) -> None:
    """Say what failed and what to do, as it is, with no markdown in it; `reference` is what the log has it under.

    In an outage of the database the page comes back by itself when that is over.
    """
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(f":red[:material/error:]\u2002**{title}**", width="content")
        said = (
            text.plain(body)
            + (" This page reloads automatically." if is_outage else "")
            + (f"  \nReference `{reference}`" if reference else "")
        )
        st.caption(said, width=380, text_alignment="center")
        if retry:
            st.button("Try again", key=f"retry.{title}", icon=":material/refresh:")
        st.space("small")
    if is_outage:
        _rerun_after_outage(time.monotonic())


@st.fragment(run_every=LOOKS_EVERY_S)
def _rerun_after_outage(since: float) -> None:
    # Not in the run that has just failed: that would be a loop until the outage is noticed.
    if time.monotonic() - since > LOOKS_EVERY_S / 2 and db.answers():
        st.rerun()
