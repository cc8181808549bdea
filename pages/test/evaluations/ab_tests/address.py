"""What the page's address shows: the list, an A/B test, or the form of a new one."""

from uuid import UUID

import streamlit as st

from pages._ui import state

OPEN, NEW = "test", "new"
SECTION, CASE = "ab_tests.section", "ab_tests.case"


def show(ab_test_id: UUID) -> None:
    """Open an A/B test, from a callback."""
    st.query_params.from_dict({OPEN: str(ab_test_id)})
    state.forget(SECTION, CASE)


def show_form() -> None:
    """Open the form of a new A/B test, from a callback."""
    st.query_params.from_dict({NEW: "1"})


def close() -> None:
    """Go back to the list, from a callback."""
    st.query_params.clear()
    state.forget(SECTION, CASE)
