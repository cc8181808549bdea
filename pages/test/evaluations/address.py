"""What the page's address shows: the list, an evaluation, or the form of a new one."""

from uuid import UUID

import streamlit as st

from pages.test.evaluations.detail_address import DetailAddress

# Of a new one: what is filled in
DATASET, TEMPLATE, BOT, VERSION, GATE = "dataset", "template", "bot", "version", "gate"
_ADDRESS = DetailAddress("evaluation", "evaluations")
OPEN, SECTION = _ADDRESS.item, _ADDRESS.section
show, show_form, close = _ADDRESS.show, _ADDRESS.show_form, _ADDRESS.close


def opened() -> UUID | None:
    """Return the evaluation of the address, or None when it is none."""
    try:
        return UUID(st.query_params[OPEN])
    except ValueError:
        return None
