"""The values of a page's filters, kept in the tab and written into the address."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import streamlit as st

from core.presentation.periods import Period, in_address, read_written
from pages._ui import state, streamlit_internals
from pages._ui.filters.selection import DEFAULTS

CUSTOM, LEAST = "custom", timedelta(minutes=30)
# What the page shows of itself, and no filter of what is read.
VIEWS = ("start", "end")
PERIOD = ("days", *VIEWS)
# What goes along to the next page: the navigation leads to pages, and knows of no filters.
SHARED, CARRIED = (*PERIOD, "environment", "app"), "filters.carried"


def put(page: str, **values: str) -> None:
    """Set filters, from a callback."""
    for name, value in values.items():
        state.put(key_of(page, name), value)


def look_at(page: str, start: datetime, end: datetime) -> None:
    """Set the period, from a callback."""
    put(page, days=CUSTOM, start=in_address(start), end=in_address(max(end, start + LEAST)))
    state.forget(key_of(page, "from"), key_of(page, "until"))


def clear(page: str, names: Sequence[str]) -> None:
    """Reset all filters but the period."""
    put(page, **{name: DEFAULTS.get(name, "") for name in names})


def take_over(page: str, names: Sequence[str], *, is_timed: bool) -> None:
    """Take the filters from the address if it is not the one written last. After two quick changes
    the second arrives with the old address: what was entered last wins.
    """
    given = st.query_params.to_dict()
    # Streamlit forgets the widgets of a page that is left
    is_entry = any(key_of(page, name) not in st.session_state for name in (*PERIOD, *names))
    is_other = is_entry or state.get(key_of(page, "address"), None) != given
    is_new = is_other and not _is_entered(page)
    shared_names = (*(PERIOD if is_timed else ()), *names)
    carried = _carried(page, shared_names, is_entry=is_entry) if is_new else {}
    wanted = given | carried
    for name in (*PERIOD, *names):
        key = key_of(page, name)
        if is_new or key not in st.session_state:
            state.put(key, wanted.get(name, DEFAULTS.get(name, "")))
    if is_new:
        if wanted.get("start"):
            put(page, days=CUSTOM)
        state.forget(key_of(page, "from"), key_of(page, "until"), key_of(page, "drawn"))
        # Here already: a page that refuses the address is left for the one before.
        state.put(key_of(page, "address"), given)


def carry(page: str, names: Sequence[str]) -> None:
    """Remember the shared filters for the next page."""
    _, before = _last()
    given = st.query_params.to_dict()
    ours = {name: given[name] for name in SHARED if name in names and name in given}
    state.put(
        CARRIED, (page, {name: value for name, value in before.items() if name not in names} | ours)
    )


def shared() -> dict[str, str]:
    """Return the filters that pages share, from the address: a link that names a filter of its page
    is followed exactly, and gets none of them by itself.
    """
    given = st.query_params.to_dict()
    return {name: given[name] for name in SHARED if name in given}


def _carried(page: str, names: Sequence[str], *, is_entry: bool) -> dict[str, str]:
    """Return the filters of the previous page, or of this one if others without filters were open
    since, if the address has none.
    """
    last, values = _last()
    # A link that names a filter is followed exactly, and so is Back to this page's first address
    if (last == page and not is_entry) or st.query_params.keys() & set(names):
        return {}
    return {name: value for name, value in values.items() if name in names}


def _last() -> tuple[str, dict[str, str]]:
    return state.get(CARRIED, ("", {}))


def _is_entered(page: str) -> bool:
    """Whether a filter has changed since the end of the last run."""
    before: Mapping[str, str] = state.get(key_of(page, "drawn"), {})
    return any(
        key_of(page, name) in st.session_state and value_of(page, name) != value
        for name, value in before.items()
    )


def write_address(page: str, names: Sequence[str]) -> None:
    """Write the filters into the address and keep its other parameters."""
    is_custom = value_of(page, "days") == CUSTOM
    wanted = VIEWS if is_custom else ("days",)
    values = {name: value_of(page, name) for name in (*wanted, *names)}
    kept = {name: value for name, value in values.items() if value and value != DEFAULTS.get(name)}
    given = st.query_params.to_dict()
    others = {name: value for name, value in given.items() if name not in {*PERIOD, *names}}
    if given != kept | others:
        streamlit_internals.change_parameters(kept, given.keys() - kept.keys() - others.keys())
    state.put(key_of(page, "address"), kept | others)
    state.put(key_of(page, "drawn"), {name: value_of(page, name) for name in (*PERIOD, *names)})


def period(page: str, zone: str) -> Period:
    """Return the selected period; raise RangeRefused."""
    days, start, end = (value_of(page, name) for name in PERIOD)
    if days == CUSTOM:
        return read_written("", start, end, zone=zone)
    return read_written(days, "", "", zone=zone)


def value_of(page: str, name: str) -> str:
    """Return a filter's value, empty when nothing is selected."""
    return state.get(key_of(page, name), "") or ""


def key_of(page: str, name: str) -> str:
    return f"{page}.{name}"
