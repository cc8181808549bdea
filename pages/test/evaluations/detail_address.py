"""The address of a page with a list: the list, one item of it, or the form of a new one."""

from uuid import UUID

import streamlit as st

NEW, CASE = "new", "case"
BASELINE, BASELINE_CASE = "baseline", "baseline_case"


class DetailAddress:
    """An address whose query names the open item; `at` is the page's key."""

    def __init__(self, item: str, at: str) -> None:
        self.item, self.section = item, f"{at}.section"

    def show(self, id_: UUID) -> None:
        """Open an item, from a callback or before a rerun."""
        st.query_params.from_dict({self.item: str(id_)})

    def show_form(self) -> None:
        """Open the form of a new item, from a callback."""
        st.query_params.from_dict({NEW: "1"})

    def close(self) -> None:
        """Go back to the list, from a callback."""
        st.query_params.clear()


def show_case(case_id: UUID) -> None:
    """Open a case of the open item, from a callback."""
    st.query_params[CASE] = str(case_id)


def show_compared_case(case_id: UUID, baseline: UUID, baseline_case: UUID | None) -> None:
    """Open a case from a comparison, beside the same one of another evaluation if there is one,
    from a callback.
    """
    show_case(case_id)
    st.query_params[BASELINE] = str(baseline)
    if baseline_case is not None:
        st.query_params[BASELINE_CASE] = str(baseline_case)


def is_compared() -> bool:
    """Whether the open case was opened from a comparison."""
    return BASELINE in st.query_params


def opened_case() -> UUID | None:
    """Return the case that is open, None without one."""
    return _id_of(CASE)


def opened_baseline() -> tuple[UUID, UUID] | None:
    """Return the evaluation that the open case is beside, and its case there."""
    baseline, case = _id_of(BASELINE), _id_of(BASELINE_CASE)
    return (baseline, case) if baseline and case else None


def close_case() -> None:
    """Go back to the cases of the open item, from a callback."""
    for name in (CASE, BASELINE, BASELINE_CASE):
        st.query_params.pop(name, None)


def _id_of(name: str) -> UUID | None:
    try:
        return UUID(st.query_params.get(name, ""))
    except ValueError:
        return None
