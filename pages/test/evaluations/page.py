"""Evaluations: targets over cases, with intervals and comparisons."""

import streamlit as st

from core.identity.permissions import Permission
from pages._ui import errors, guard, links
from pages.test.evaluations import address, detail, evaluation_list
from pages.test.evaluations.detail_address import NEW
from pages.test.evaluations.form import new_evaluation


def main() -> None:
    """Draw the evaluation of the address, the form of a new one, or the list."""
    guard.page(Permission.RUN_MODELS)
    links.follow()
    if st.query_params.get(address.OPEN):
        detail.draw()
    elif st.query_params.get(NEW):
        new_evaluation.draw()
    else:
        evaluation_list.draw()


with errors.InWords("Evaluations"):
    main()
