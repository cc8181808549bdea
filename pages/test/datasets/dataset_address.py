"""The address of a dataset on this page."""

from uuid import UUID

import streamlit as st

from pages._ui import state

OPEN, SECTION, VERSION = "dataset", "datasets.section", "datasets.version"


def show(dataset_id: UUID) -> None:
    """Open a dataset, from a callback or before a rerun."""
    st.query_params.from_dict({OPEN: str(dataset_id)})
    state.forget(SECTION, VERSION)


def close() -> None:
    """Go back to the list, from a callback."""
    st.query_params.clear()
