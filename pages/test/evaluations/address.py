"""What the page's address shows: the list, an evaluation, or the form of a new one."""

from uuid import UUID

import streamlit as st

from pages._ui import state

OPEN, NEW = "evaluation", "new"
# Of a new one: what is filled in
DATASET, TEMPLATE, BOT, VERSION, GATE = "dataset", "template", "bot", "version", "gate"
SECTION, CASE = "evaluations.section", "evaluations.case"


def show(evaluation_id: UUID) -> None:
    """Open an evaluation, from a callback or before a rerun."""
    st.query_params.from_dict({OPEN: str(evaluation_id)})
    state.forget(SECTION, CASE)


def show_form() -> None:
    """Open the form of a new evaluation, from a callback."""
    st.query_params.from_dict({NEW: "1"})


def close() -> None:
    """Go back to the list, from a callback."""
    st.query_params.clear()
    state.forget(SECTION, CASE)


def opened() -> UUID | None:
    """Return the evaluation of the address, or None when it is none."""
    try:
        return UUID(st.query_params[OPEN])
    except ValueError:
        return None
