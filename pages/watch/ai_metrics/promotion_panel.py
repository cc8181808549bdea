"""The effect of a promotion: a version beside the one before, when the page is filtered by it."""

from datetime import timedelta

import streamlit as st

from core.insights.chains.chain_views import ChainKind
from core.insights.chains.promotion_views import PromotionEffect
from core.insights.queries.chains.promotion_effect import find_effect
from core.presentation import formatting
from core.presentation.periods import Period
from pages._ui import errors, guard, tables, text, watch
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.versions import chain_line
from pages.watch.ai_metrics import prompt_version_table

PAGE, AROUND = "ai-metrics", timedelta(days=7)


@errors.part("Promotion")
def draw(chosen: Filters) -> None:
    """Draw the promotion of the chosen version; nothing where no label was moved to it."""
    if not chosen["prompt_version"]:
        return
    with guard.work_on_both() as (core, ai, actor):  # not cached: prompts may be private
        found = find_effect(core, ai, chosen.asked, actor=actor)
    if found is None:
        return
    with watch.panel("Before and after the promotion", _note(found, chosen.period.zone)):
        chain_line.draw(ChainKind.EFFECT, found.version)
        shown = [each for each in (found.before, found.after) if each is not None]
        if shown:
            table = prompt_version_table.version_columns(shown)
            tables.draw(shown, table, "Before and after", key=f"{PAGE}.promotion")
            st.caption("Before and after differ in more than the prompt: users and questions too.")
        _draw_missing(found, chosen.period)


def _draw_missing(found: PromotionEffect, period: Period) -> None:
    """Say which version has no requests in the period, and lead to the days of the move."""
    versions = {found.version: found.after}
    if found.previous_version:
        versions[found.previous_version] = found.before
    missing = [text.plain(name) for name, figures in versions.items() if figures is None]
    if not missing:
        return
    st.caption(f"No requests of {' or '.join(missing)} in this period.")
    if not period.start < found.moved_at < period.end:
        st.button(
            "Show 7 days before and after the promotion",
            key=f"{PAGE}.around_promotion",
            type="tertiary",
            icon=":material/date_range:",
            on_click=filter_state.look_at,
            args=(PAGE, found.moved_at - AROUND, found.moved_at + AROUND),
        )


def _note(found: PromotionEffect, zone: str) -> str:
    since = formatting.moment(found.moved_at, zone)
    before = f"after {found.previous_version}, " if found.previous_version else ""
    return text.plain(f"{found.version}, {before}became {found.label} on {since}")
