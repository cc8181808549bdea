"""How far a saved funnel is prepared, again and again until it is."""

from uuid import UUID

import streamlit as st

from core.activity.schemas import FunnelState, SavedFunnelView
from core.activity.service import saved_funnels
from pages._ui import cache, errors, guard, text

LOOKS_EVERY_S = 2


def draw(found: SavedFunnelView) -> None:
    """Draw the progress while a funnel is prepared, and the page anew once it is ready."""
    if found.state is FunnelState.PREPARING:
        _watch(found.id)


@st.fragment(run_every=LOOKS_EVERY_S)
def _watch(funnel_id: UUID) -> None:
    with errors.InWords("Progress of the funnel"):
        with guard.work() as (session, actor):
            found = saved_funnels.get_funnel(session, funnel_id, actor=actor)
        if found.state is FunnelState.READY:
            cache.forget()
            st.rerun()
        st.progress(
            found.progress,
            "Preparing: earlier events are being added. Until then, the workspace keeps the "
            "version before.",
            width=860,
        )
        if found.failed_at is not None:
            st.warning(
                f"Preparing failed {text.since(found.failed_at)}, and is tried again every few "
                "seconds. The server log says why.",
                width=860,
            )
