"""Opening and closing a batch run in the drawer, by its ID in the address."""

import streamlit as st

CHOSEN = "run"


def show(run: str) -> None:
    """Open a run in the drawer, from a callback."""
    st.query_params[CHOSEN] = run


def close() -> None:
    st.query_params.pop(CHOSEN, None)
