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

    def show_case(self, id_: UUID, case_id: UUID) -> None:
        """Open a case of an item, from a callback."""
        state.put(self.case, (id_, case_id))

    def opened_case(self, id_: UUID) -> UUID | None:
        """Return the case of an item that is open."""
        # A link to another item leaves the state as it is, and that item has no such case
        of, case_id = state.get(self.case, (None, None))
        return case_id if of == id_ else None

    def close_case(self) -> None:
        """Go back to the cases of an item, from a callback."""
        state.forget(self.case)

    def close(self) -> None:
        """Go back to the list, from a callback."""
        st.query_params.clear()
        state.forget(self.section, self.case)
