"""The address of a dataset on this page."""

from uuid import UUID

import streamlit as st

from core.datasets.schemas import DatasetView
from pages._ui import sections

OPEN, SECTION = "dataset", "datasets.section"


def show(dataset_id: UUID) -> None:
    """Open a dataset, from a callback or before a rerun."""
    st.query_params.from_dict(sections.list_address(OPEN) | {OPEN: str(dataset_id)})


def close() -> None:
    """Go back to the list and its filter, from a callback."""
    st.query_params.from_dict(sections.list_address(OPEN))


def version_key(dataset: DatasetView) -> str:
    """Return the key of the chosen version: after a change, the newest is shown."""
    return f"datasets.version.{dataset.id}.{dataset.version}"
