"""Ways to other pages, with what they should show in the query string. A page that is not there yet has no link."""

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parents[1]
FILES = {
    "overview": "watch/overview.py",
    "users": "watch/users.py",
    "onboarding": "watch/onboarding.py",
    "ai-metrics": "watch/ai_metrics.py",
    "batch-history": "watch/batch_history.py",
    "tuning": "review/tuning.py",
    "knowledge": "review/knowledge.py",
    "playground": "test/playground.py",
    "settings": "system/settings.py",
    "accounts": "system/accounts.py",
}


def exists(address: str) -> bool:
    """Whether the console has that page."""
    return address in FILES and (PAGES / FILES[address]).is_file()


def draw(address: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """Draw a link to a page, or nothing where there is none."""
    if exists(address):
        symbol = f":material/{icon}:" if icon else None
        st.page_link(PAGES / FILES[address], label=label, icon=symbol, query_params=query or None)
