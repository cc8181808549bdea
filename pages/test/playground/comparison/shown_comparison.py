"""Which comparison this tab shows: that of the address."""

from uuid import UUID

import streamlit as st

from core.comparisons import queries
from core.comparisons.errors import ComparisonMissing
from core.comparisons.schemas import ComparisonView
from pages._ui import errors, guard, state
from pages.test.playground.comparison import setup

COMPARISON = "comparison.shown"


def find() -> UUID | None:
    """Return the comparison of the address, or None."""
    try:
        return UUID(st.query_params.get("comparison", ""))
    except ValueError:
        return None


def read() -> ComparisonView | None:
    """Return the comparison of the address; None for a new one, or when it is gone."""
    if (id_ := find()) is None:
        return None
    state.put(COMPARISON, str(id_))
    try:
        with guard.work() as (session, actor):
            return queries.get_comparison(session, id_, owner=actor.id)
    except ComparisonMissing as missing:
        st.query_params.pop("comparison", None)
        state.problem(missing.detail)
        errors.say_what_happened()  # in this run, which has drawn the messages of the one before
        return None


def show(id_: UUID) -> None:
    """Make a comparison that of this tab and its address."""
    state.put(COMPARISON, str(id_))
    st.query_params["comparison"] = str(id_)


def stay() -> None:
    """Keep the comparison of this tab: news arrives with the address from before a switch."""
    if present := state.get(COMPARISON, ""):
        st.query_params["comparison"] = present


def leave() -> None:
    """Show the columns of a new comparison."""
    state.forget(COMPARISON, setup.REMEMBERED)
    st.query_params.pop("comparison", None)
