"""A/B tests: two bots or prompt versions over the same cases."""

import streamlit as st

from core.identity.permissions import Permission
from pages._ui import errors, guard, links
from pages.test.evaluations.ab_tests import ab_test_list, address, detail, new_ab_test
from pages.test.evaluations.detail_address import NEW


def main() -> None:
    """Draw the A/B test of the address, the form of a new one, or the list."""
    guard.page(Permission.RUN_MODELS)
    links.follow()
    if st.query_params.get(address.OPEN):
        detail.draw()
    elif st.query_params.get(NEW):
        new_ab_test.draw()
    else:
        ab_test_list.draw()


with errors.InWords("A/B tests"):
    main()
