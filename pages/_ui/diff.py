"""Differences between two texts, as HTML."""

import html

import streamlit as st

from core.presentation.word_diff import TextChange, word_diff

TAGS = {"removed": "del", "added": "ins"}


def draw(old: str, new: str) -> None:
    st.html(f'<div class="attune-diff">{as_html(old, new)}</div>')


def as_html(old: str, new: str) -> str:
    """Return the difference as escaped HTML with `del` and `ins`."""
    return "".join(_marked(change) for change in word_diff(old, new))


def _marked(change: TextChange) -> str:
    text, tag = html.escape(change.text), TAGS.get(change.kind)
    return f"<{tag}>{text}</{tag}>" if tag else text
