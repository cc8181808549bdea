"""Of whom a funnel is, beside what, and which steps it has: chosen in the bar and in a dialog, and kept in the address."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.activity.funnels import funnel, funnel_comparison, question, segments
from core.activity.funnels.funnel import MOST_STEPS, MOST_WINDOW_DAYS, SAVED, Funnel, Step
from core.platform.ids import new_id
from core.presentation.periods import Watched
from pages._ui import errors, filters, state
from pages._ui.cache import Reads

DRAFT, WINDOW, ORDER = "funnel_editor.steps", "funnel_editor.window", "funnel_editor.order"
IN_ORDER, ANY_ORDER = "In order", "In any order"


def summary(chosen: Funnel) -> str:
    """Return a funnel in words."""
    optional = sum(step.optional for step in chosen.steps)
    steps = "default steps" if chosen.steps == SAVED.steps else f"{len(chosen.steps)} steps"
    left_out = f", {optional} optional" if optional else ""
    order = "in any order" if chosen.any_order else "in order"
    return f"{steps}{left_out}, {order}, {chosen.window.days}-day conversion window"


def read_funnel(page: str) -> Funnel:
    """Return the funnel of the address; raise FunnelRefused."""
    days = state.get(f"{page}.window_days", "") or str(funnel.WINDOW.days)
    any_order = state.get(f"{page}.any_order", "") == "true"
    return funnel.read(state.get(f"{page}.steps", ""), int(days) if days.isdecimal() else 0, any_order=any_order)


def draw_choices(reads: Reads, page: str) -> None:
    """Draw of whom, beside what, and which steps."""
    place = Watched(state.get(f"{page}.environment", "") or "production", state.get(f"{page}.app", "") or None)
    names = {each.segment: each.name for each in reads.ask(segments.list_segments, place)}
    _choose(page, "segment", "Segment", names, {"": "All users"})
    _choose(page, "against", "Compare with", names, {"": "No comparison", funnel_comparison.PREVIOUS: "Previous period"})
    if st.button("Edit steps", icon=":material/format_list_numbered:", on_click=open_with, args=(read_funnel(page),)):
        edit(page, reads.ask(question.list_step_types))


def _choose(page: str, name: str, label: str, names: dict[str, str], first: dict[str, str]) -> None:
    key = f"{page}.{name}"
    value = state.get(key, "") or ""
    st.selectbox(
        label,
        list(dict.fromkeys([*first, *names, value])),
        key=key,
        format_func=lambda each: first.get(each) or names.get(each) or each,
        label_visibility="collapsed",
        accept_new_options=True,  # any other trait, or days: 2026-10-01..2026-10-08
        width=190,
    )


def open_with(chosen: Funnel) -> None:
    """Begin a draft with the steps that are there: a callback."""
    state.put(DRAFT, [_row(step) for step in chosen.steps])
    state.put(WINDOW, chosen.window.days)
    state.put(ORDER, ANY_ORDER if chosen.any_order else IN_ORDER)


@st.dialog("Edit funnel steps", width="medium")
def edit(page: str, types: Sequence[str]) -> None:
    """Let the steps be chosen; the page shows what is applied."""
    rows: list[dict[str, Any]] = state.get(DRAFT, [])
    st.caption("A step is reached at its first event after the previous step. With several event types, any of them counts.")
    for number, row in enumerate(rows):
        _draw_row(number, row, rows, types)
    with st.container(horizontal=True):
        st.button("Add step", icon=":material/add:", on_click=_add, args=(rows,), disabled=len(rows) >= MOST_STEPS)
        st.button("Reset to default", type="tertiary", on_click=open_with, args=(SAVED,))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Conversion window (days)", 1, MOST_WINDOW_DAYS, key=WINDOW)
        st.segmented_control("Step order", [IN_ORDER, ANY_ORDER], key=ORDER, required=True)
    place = st.container()
    if st.button("Apply", type="primary"):
        with errors.InForm(place):
            _apply(page, rows)
            st.rerun()


def _draw_row(number: int, row: dict[str, Any], rows: list[dict[str, Any]], types: Sequence[str]) -> None:
    key = f"funnel_editor.{row['id']}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = f"Step {number + 1}"
        row["types"] = st.multiselect(
            label,
            list(dict.fromkeys([*types, *row["types"]])),
            row["types"],
            key=f"{key}.types",
            label_visibility="collapsed",
            width=310,
        )
        row["optional"] = st.checkbox("Optional", row["optional"], key=f"{key}.optional", disabled=number == 0, width=100)
        with st.container(horizontal=True, gap="xxsmall", width="content", key=f"icon-step-{number}"):
            up, out = f"Move step {number + 1} up", f"Remove step {number + 1}"
            first = number == 0
            st.button(up, icon=":material/arrow_upward:", key=f"{key}.up", on_click=_up, args=(rows, number), disabled=first)
            st.button(out, icon=":material/close:", key=f"{key}.out", on_click=_out, args=(rows, number), disabled=len(rows) <= 2)


def _up(rows: list[dict[str, Any]], number: int) -> None:
    rows[number - 1], rows[number] = rows[number], rows[number - 1]
    state.put(DRAFT, rows)


def _out(rows: list[dict[str, Any]], number: int) -> None:
    state.put(DRAFT, rows[:number] + rows[number + 1 :])


def _add(rows: list[dict[str, Any]]) -> None:
    state.put(DRAFT, [*rows, _row(Step(()))])


def _row(step: Step) -> dict[str, Any]:
    return {"id": new_id().hex, "types": list(step.event_types), "optional": step.optional}


def _apply(page: str, rows: list[dict[str, Any]]) -> None:
    """Put what was chosen into the address; raise FunnelRefused."""
    steps = [Step(tuple(row["types"]), row["optional"] and number > 0) for number, row in enumerate(rows)]
    days, any_order = state.get(WINDOW, SAVED.window.days), state.get(ORDER, IN_ORDER) == ANY_ORDER
    wanted = funnel.read(funnel.written(steps), days, any_order=any_order)
    filters.put(
        page,
        steps="" if wanted.steps == SAVED.steps else funnel.written(wanted.steps),
        window_days="" if wanted.window == SAVED.window else str(days),
        any_order="true" if any_order else "",
        step="",
    )
