"""Differences between two texts, as HTML."""

import html
from collections.abc import Iterable
from typing import Literal

import streamlit as st

from core.presentation.word_diff import TextChange, word_diff

TAGS = {"removed": "del", "added": "ins"}
LONG_CHARS = 1500


def draw(old: str, new: str) -> None:
    st.html(f'<div class="attune-diff">{as_html(old, new)}</div>')


def draw_all(
    texts: Iterable[tuple[str, str, str]],
    same: str,
    *,
    long_px: int | Literal["content"] = "content",
) -> None:
    """Draw the differences of titled texts that have changed, or say that all are the same."""
    changes = [(title, old, new) for title, old, new in texts if old != new]
    if not changes:
        st.caption(same)
    for title, old, new in changes:
        st.caption(title)
        height = long_px if len(new) > LONG_CHARS else "content"
        with st.container(border=True, height=height):
            draw(old, new)


def as_html(old: str, new: str) -> str:
    """Return the difference as escaped HTML with `del` and `ins`."""
    return "".join(_marked(change) for change in word_diff(old, new))


def _marked(change: TextChange) -> str:
    text, tag = html.escape(change.text), TAGS.get(change.kind)
    return f"<{tag}>{text}</{tag}>" if tag else text
