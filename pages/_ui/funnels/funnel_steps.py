"""The steps of a funnel as a form: event types, optional or not, window and order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import streamlit as st

from core.activity.queries.funnels.funnel import Funnel, Step
from core.activity.schemas import MOST_WINDOW_DAYS
from core.platform.ids import new_id
from pages._ui import state

IN_ORDER, ANY_ORDER = "In order", "In any order"


@dataclass(frozen=True)
class StepsForm:
    """A draft of a funnel in the session state, under a page's key."""

    key: str
    most_steps: int
    is_labeled: bool = False

    @property
    def is_open(self) -> bool:
        # Streamlit drops the fields when another page or section is drawn, and the draft is of them
        return bool(self._rows) and f"{self.key}.window" in st.session_state

    def open(self, chosen: Funnel) -> None:
        """Start with these steps, from a callback."""
        state.put(f"{self.key}.steps", [_row(step) for step in chosen.steps])
        state.put(f"{self.key}.window", chosen.window.days)
        state.put(f"{self.key}.order", ANY_ORDER if chosen.any_order else IN_ORDER)

    def forget(self) -> None:
        """Drop the draft, so that the next run opens another."""
        state.forget(f"{self.key}.steps")

    def draw_steps(self, types: Sequence[str]) -> None:
        for number in range(len(self._rows)):
            self._draw_row(number, types)

    def draw_add(self) -> None:
        st.button(
            "Add step",
            icon=":material/add:",
            key=f"{self.key}.add",
            on_click=self._add,
            disabled=len(self._rows) >= self.most_steps,
        )

    def draw_window(self) -> None:
        """Draw the conversion window and the order."""
        with st.container(horizontal=True, vertical_alignment="bottom"):
            window = f"{self.key}.window"
            st.number_input("Conversion window (days)", 1, MOST_WINDOW_DAYS, key=window, width=200)
            order = f"{self.key}.order"
            st.segmented_control("Step order", [IN_ORDER, ANY_ORDER], key=order, required=True)

    @property
    def funnel(self) -> Funnel:
        """Return the draft."""
        steps = tuple(
            # Users are counted from the first step: an optional one that was moved up is no longer
            Step(tuple(row["types"]), row["optional"] and number > 0, row["label"].strip())
            for number, row in enumerate(self._rows)
        )
        days, order = state.get(f"{self.key}.window", 0), state.get(f"{self.key}.order", IN_ORDER)
        return Funnel(steps, timedelta(days=days), order == ANY_ORDER)

    @property
    def _rows(self) -> list[dict[str, Any]]:
        return state.get(f"{self.key}.steps", [])

    def _put(self, rows: list[dict[str, Any]]) -> None:
        state.put(f"{self.key}.steps", rows)

    def _draw_row(self, number: int, types: Sequence[str]) -> None:
        row = self._rows[number]
        key = f"{self.key}.{row['id']}"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if self.is_labeled:
                row["label"] = st.text_input(
                    f"Label of step {number + 1}",
                    row["label"],
                    key=f"{key}.label",
                    max_chars=80,
                    placeholder=f"Step {number + 1}: label",
                    label_visibility="collapsed",
                    width=190,
                )
            row["types"] = st.multiselect(
                f"Step {number + 1}",
                list(dict.fromkeys([*types, *row["types"]])),
                row["types"],
                key=f"{key}.types",
                label_visibility="collapsed",
                placeholder="Event types",
                width=310,
            )
            row["optional"] = st.checkbox(
                "Optional", row["optional"], key=f"{key}.optional", disabled=number == 0, width=100
            )
            self._draw_icons(number, key)

    def _draw_icons(self, number: int, key: str) -> None:
        rows, id_ = self._rows, self._rows[number]["id"]
        with st.container(
            horizontal=True, gap="xxsmall", width="content", key=f"icon-step-{number}"
        ):
            st.button(
                f"Move step {number + 1} up",
                icon=":material/arrow_upward:",
                key=f"{key}.up",
                on_click=self._move_up,
                args=(id_,),
                disabled=number == 0,
            )
            st.button(
                f"Remove step {number + 1}",
                icon=":material/close:",
                key=f"{key}.out",
                on_click=self._remove,
                args=(id_,),
                disabled=len(rows) <= 2,
            )

    # Each by what is there now: a second press may come before the page is drawn anew.
    def _add(self) -> None:
        self._put([*self._rows, _row(Step(()))][: self.most_steps])

    def _remove(self, id_: str) -> None:
        if len(self._rows) > 2:
            self._put([row for row in self._rows if row["id"] != id_])

    def _move_up(self, id_: str) -> None:
        rows = self._rows
        number = next((at for at, row in enumerate(rows) if row["id"] == id_), 0)
        if number:
            rows[number - 1], rows[number] = rows[number], rows[number - 1]
        self._put(rows)


def _row(step: Step) -> dict[str, Any]:
    return {
        # The row's widgets are named by it, so that a row keeps their values when it moves.
        "id": new_id().hex,
        "types": list(step.event_types),
        "optional": step.optional,
        "label": step.label,
    }
