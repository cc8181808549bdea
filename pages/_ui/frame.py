"""Headers, headings, empty and error states. CSS that Streamlit does not offer is in style.css."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.layout_utils import Width

from core.database.connections import engines
from pages._ui import links, text

HERE = Path(__file__).parent
LOOKS_EVERY_S = 2.0
LONGEST_FACT = 300
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
    "ground": "backgroundColor",
    "text": "textColor",
    "border": "borderColor",
}


@cache
def read(name: str, folder: Path = HERE) -> str:
    return (folder / name).read_text()


# v2 components take their script as text; each does one thing that the browser must do itself.
_leave = st.components.v2.component("attune_leave", js=read("parts/leave.js"))
_skeleton = st.components.v2.component("attune_skeleton", js=read("parts/skeleton.js"))
_follow_theme = st.components.v2.component("attune_theme", js=read("parts/theme.js"))


def style() -> None:
    """Apply the console's CSS with the theme's colours as variables."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {_colours('dark')} }}"
    rules = read("parts/style.css") + read("parts/palette.css")
    if st.context.theme.type == "dark":
        rules += read("parts/dark_print.css")
    # In each run: Streamlit removes what a run has not drawn
    st.html(f"<style>{_colours('light')} {dark}\n{rules}</style>")


def _colours(theme: str) -> str:
    named = (
        f"--attune-{name}: {st.get_option(f'theme.{theme}.{option}')};"
        for name, option in COLOURS.items()
    )
    return f":root {{ {' '.join(named)} }}"


def time_zone() -> tzinfo:
    """Return the time zone of the reader's browser, UTC if it is unknown."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    # A path that is a folder, too long or too deep: any text can come from a browser
    except (ZoneInfoNotFoundError, ValueError, OSError, RecursionError):
        return UTC


def local_time(at: datetime, zone: str, shape: str = "%H:%M") -> str:
    """Return a time by the reader's clock, whose zone is named if it differs from the page's."""
    place = time_zone()
    named = "" if str(place) == zone else f" ({place})"
    return f"{at.astimezone(place):{shape}}{named}"


def follow_theme() -> None:
    """Rerun when the system turns light or dark, so that charts change colour at once."""
    with st.container(key="unseen-theme"):
        _follow_theme(key="console.theme", on_flip_change=lambda: None)


def cover_page_left() -> None:
    """Show a skeleton from a click on the navigation until the page arrives."""
    with st.container(key="unseen-skeleton"):
        _skeleton(key="console.skeleton")


def leave() -> None:
    """Say that the session has ended, and link to sign-in and back to this address."""
    st.markdown("Your session has ended. [Sign in](/login)")
    query = urlencode(st.query_params.to_dict())
    wanted = urlsplit(st.context.url or "").path + (f"?{query}" if query else "")
    with st.container(key="unseen-leave"):
        _leave(key="console.leave", data={"wanted": wanted})


def header_row(title: str, key: str | None = None) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Draw a title; return the places of its caption and of at most two actions on the right."""
    row = st.container(
        key=key,
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="bottom",
        gap="medium",
    )
    with row.container(gap=None, width="content"):
        st.title(title, anchor=False)
        caption = st.empty()
    actions = row.container(
        horizontal=True, width="content", vertical_alignment="center", gap="small"
    )
    return caption, actions


def header(title: str, caption: str) -> DeltaGenerator:
    """Draw title and caption on the left; return the place for at most two actions on the right."""
    place, actions = header_row(title)
    place.caption(caption)
    return actions


def back(label: str, close: Callable[[], None], key: str) -> None:
    """Draw the way back to a list; `close` is its callback."""
    icon = ":material/arrow_back:"
    st.button(label, icon=icon, type="tertiary", key=key, on_click=close)


def section(title: str, note: str = "") -> None:
    """Draw a heading with a grey note on the same line."""
    st.markdown(f"**{title}**" + (f"\u2002:gray[:small[{note}]]" if note else ""))


def section_row(title: str, note: str, *, width: int) -> DeltaGenerator:
    """Draw a heading; return the place for an action on its right."""
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", width=width
    )
    with row.container(width="content"):
        section(title, note)
    return row


def csv_link(address: str, label: str = "Export CSV") -> None:
    """Draw a link that downloads a table's rows."""
    st.link_button(label, address, icon=":material/download:", type="tertiary")


def facts(known: Mapping[str, str | None]) -> None:
    """Draw names and values side by side, without empty values."""
    grid = st.grid(2, min_column_width=140, gap="small")
    for name, value in known.items():
        if value:
            grid.cell().markdown(
                # Cut before it is escaped, or half an escape could be left
                f":gray[:small[{name}]]  \n{text.plain(text.one_line(value)[:LONGEST_FACT])}"
            )


def copyable(name: str, value: str) -> None:
    """Draw a value with a button that copies it."""
    with st.container(gap="xsmall"):
        st.caption(name)
        st.code(text.one_line(value), language=None, wrap_lines=True)


def empty_state(
    icon: str, title: str, body: str, *, border: bool = True, width: Width = "stretch"
) -> DeltaGenerator:
    """Say what will appear here and how; return the place for one action."""
    with st.container(border=border, horizontal_alignment="center", gap="small", width=width):
        st.space("small")
        st.markdown(f":gray[:material/{icon}:]\u2002**{title}**", width="content")
        st.caption(body, width=380, text_alignment="center")
        action = st.container(width="content")
        st.space("small")
    return action


def no_models() -> None:
    """Say that no model can answer, in place of what needs one."""
    body = "The local model is off or starting, and no provider has an API key."
    with empty_state("smart_toy", "No models available", body):
        links.draw_providers()


def error_state(
    title: str,
    body: str,
    reference: str | None = None,
    *,
    retry: bool = False,
    is_outage: bool = False,
) -> None:
    """Say what failed and what to do; `reference` finds it in the log. During a database outage the
    page reloads by itself afterwards.
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
    if time.monotonic() - since > LOOKS_EVERY_S / 2 and engines.answers():
        st.rerun()
