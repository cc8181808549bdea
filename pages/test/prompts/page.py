"""Prompts: templates with variables, versions and labels."""

import streamlit as st

from core.identity.permissions import Permission
from pages._ui import errors, guard, links
from pages.test.prompts import address, detail, prompt_list


def main() -> None:
    """Draw the prompt of the address, else the list."""
    actor = guard.page(Permission.EDIT_PROMPTS)
    links.follow()
    if st.query_params.get(address.OPEN):
        detail.draw(actor)
    else:
        prompt_list.draw()


with errors.InWords("Prompts"):
    main()
