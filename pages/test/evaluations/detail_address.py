"""The address of a page with a list: the list, one item of it, or the form of a new one."""

from uuid import UUID

import streamlit as st

from pages._ui import state

NEW = "new"


class DetailAddress:
    """An address whose query names the open item; `at` is the page's key."""

    def __init__(self, item: str, at: str) -> None:
        self.item = item
        self.section, self.case = f"{at}.section", f"{at}.case"

    def show(self, id_: UUID) -> None:
        """Open an item, from a callback or before a rerun."""
        st.query_params.from_dict({self.item: str(id_)})
        state.forget(self.section, self.case)

    def show_form(self) -> None:
        """Open the form of a new item, from a callback."""
        st.query_params.from_dict({NEW: "1"})

    def close(self) -> None:
        """Go back to the list, from a callback."""
        st.query_params.clear()
        state.forget(self.section, self.case)
