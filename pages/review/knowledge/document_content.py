"""The text of a document: as Markdown, as it is written, and how people changed it."""

import streamlit as st

from core.knowledge.views import DocumentChangeView, DocumentView
from core.presentation import formatting
from pages._ui import (
    diff,
    markdown,
    text,
)

MOST_RAW = 200_000
DONE = {
    "made": "created this document",
    "changed": "edited this document",
    "proposed": "proposed this document",
    "published": "published this document",
    "deleted": "deleted this document",
}


def draw_markdown(content: str) -> None:
    """Draw a document as Markdown, or as plain text when it is very long."""
    if len(content) > markdown.LONGEST:
        draw_raw(content)
    elif content.strip():
        markdown.draw(content)
    else:
        st.caption("This document is empty.")


def draw_raw(content: str) -> None:
    with st.container(height=620 if len(content) > 4000 else "content", border=False):
        st.code(text.upright(content[:MOST_RAW]), language=None, wrap_lines=True)
    if len(content) > MOST_RAW:
        st.caption(
            f"Showing {MOST_RAW:,} of {len(content):,} characters · the API returns all of them"
        )


def draw(found: DocumentView, zone: str) -> None:
    rendered, raw, history = st.tabs(["Preview", "Source", f"History ({found.history_count:,})"])
    with rendered, st.container(border=True, key="document-said"):
        draw_markdown(found.content)
    with raw:
        draw_raw(found.content)
    with history:
        if not found.history:
            st.caption("No edits in Attune. This document is sent through the API.")
        for change in found.history:
            _draw_change(change, zone)
        if len(found.history) < found.history_count:
            st.caption(
                f"Showing the newest {len(found.history):,} of {found.history_count:,} changes · "
                "the API returns all of them"
            )


def _draw_change(change: DocumentChangeView, zone: str) -> None:
    with st.container(border=True, gap="xsmall"):
        who = text.plain(text.one_line(change.by_name))
        st.markdown(
            f"**{who}** {DONE[change.what]}\u2002:gray[:small["
            f"{formatting.moment(change.at, zone)}]]"
        )
        if change.before is None or change.after is None:
            return
        for name, value in change.after.items():
            with st.expander(name.capitalize(), expanded=name != "content"):
                diff.draw(_value_text(change.before.get(name)), _value_text(value))


def _value_text(value: object) -> str:
    return text.upright(", ".join(map(str, value)) if isinstance(value, list) else str(value or ""))
