"""The earlier comparisons of the account."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.comparisons import queries
from core.comparisons.schemas import ComparisonSummary
from core.presentation import formatting
from pages._ui import errors, frame, guard, tables, text

AT, SHOWN = "comparison.earlier", 20


def draw(*, on_open: Callable[[UUID], None]) -> None:
    """Draw the account's comparisons, the last used first; nothing while there are none."""
    with guard.work() as (session, actor):
        earlier = queries.list_comparisons(session, tables.window(AT, SHOWN), owner=actor.id)
    if not earlier.total_count:
        return
    frame.section("Earlier comparisons")
    with st.container(key="list-comparisons", gap=None):
        for summary in earlier.items:
            st.button(
                _label(summary),
                key=f"comparison-{summary.id}",
                width="stretch",
                type="tertiary",
                on_click=errors.action(on_open),
                args=(summary.id,),
            )
    tables.draw_pages(earlier.total_count, SHOWN, AT)


def _label(summary: ComparisonSummary) -> str:
    facts = [text.ago(summary.created_at), formatting.count(summary.turns, "turn")]
    if summary.blind:
        facts.append("blind")
    name = text.plain(summary.name or "No messages")
    return f"{name}  \n:gray[:small[{' · '.join(facts)}]]"
