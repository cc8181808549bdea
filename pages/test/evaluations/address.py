"""What the page's address shows: the list, an evaluation, or the form of a new one."""

from uuid import UUID

import streamlit as st

from pages.test.evaluations.detail_address import NEW, DetailAddress

# Of a new one: what is filled in
DATASET, TEMPLATE, BOT, VERSION, GATE = "dataset", "template", "bot", "version", "gate"
_ADDRESS = DetailAddress("evaluation", "evaluations")
OPEN, SECTION, CASE = _ADDRESS.item, _ADDRESS.section, _ADDRESS.case
show, show_form, close = _ADDRESS.show, _ADDRESS.show_form, _ADDRESS.close
__all__ = ["CASE", "NEW", "OPEN", "SECTION", "close", "opened", "show", "show_form"]


def opened() -> UUID | None:
    """Return the evaluation of the address, or None when it is none."""
    try:
        return UUID(st.query_params[OPEN])
    except ValueError:
        return None
