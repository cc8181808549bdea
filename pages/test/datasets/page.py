"""Datasets: cases with expectations, in versions."""

import streamlit as st

from core.identity.permissions import Permission
from pages._ui import errors, guard, links
from pages.test.datasets import dataset_address, dataset_list, detail


def main() -> None:
    """Draw the dataset of the address, else the list."""
    actor = guard.page(Permission.RUN_MODELS)
    links.follow()
    if st.query_params.get(dataset_address.OPEN):
        detail.draw(actor)
    else:
        dataset_list.draw()


with errors.InWords("Datasets"):
    main()
