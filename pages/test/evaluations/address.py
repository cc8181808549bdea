"""What the page's address shows: the list, an evaluation, or the form of a new one."""

from uuid import UUID

import streamlit as st

from pages.test.evaluations.detail_address import NEW, DetailAddress

# Of a new one: what is filled in
DATASET, TEMPLATE, BOT, VERSION, GATE = "dataset", "template", "bot", "version", "gate"
EARLIER = "earlier"
_ADDRESS = DetailAddress("evaluation", "evaluations")
OPEN, SECTION = _ADDRESS.item, _ADDRESS.section
show, show_form, close = _ADDRESS.show, _ADDRESS.show_form, _ADDRESS.close


def duplicate(evaluation_id: UUID) -> None:
    """Open the form of a new evaluation, filled from another one, from a callback."""
    st.query_params.from_dict({NEW: "1", EARLIER: str(evaluation_id)})


def opened() -> UUID | None:
    """Return the evaluation of the address, or None when it is none."""
    try:
        return UUID(st.query_params[OPEN])
    except ValueError:
        return None
