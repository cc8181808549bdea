"""Bots: personalities, tests of them, and scenarios."""

import streamlit as st

from core.identity.permissions import Permission
from pages._ui import errors, guard, links
from pages.test.bots import address, bot_list, detail


def main() -> None:
    """Draw the bot of the address, else the list."""
    guard.page(Permission.RUN_MODELS)
    links.follow()
    if st.query_params.get(address.OPEN):
        detail.draw()
    else:
        bot_list.draw()


with errors.InWords("Bots"):
    main()
