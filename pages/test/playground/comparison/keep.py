"""Keep the winner: as a session of its own, or as a version of a prompt."""

from functools import partial
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.comparisons.schemas import ColumnView, ComparisonView, NewWinnerVersion
from core.comparisons.service import comparisons, winners
from core.errors import Invalid
from pages._ui import dialogs, errors, guard, links, state, text
from pages.test.playground.comparison.setup import LETTERS

NAME = "comparison.version.name"


def draw(comparison: ComparisonView) -> None:
    """Draw what can be kept of the column that won last; nothing without a winner."""
    winner = comparison.kept or _winner(comparison)
    if winner is None or comparison.is_answering:
        return
    column = comparison.columns[winner - 1]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _draw_session(comparison, column)
        if winner in (turn.winner for turn in comparison.turns):
            st.button(
                "Save as prompt version",
                key="comparison.version",
                icon=":material/edit_note:",
                help=f"Saves prompt, model and parameters of {LETTERS[winner - 1]}.",
                on_click=ask_for_version,
                args=(comparison.id, column),
            )


def _winner(comparison: ComparisonView) -> int | None:
    return next((turn.winner for turn in reversed(comparison.turns) if turn.winner), None)


def _draw_session(comparison: ComparisonView, column: ColumnView) -> None:
    letter = LETTERS[column.number - 1]
    if comparison.kept is not None:
        label = f"Open {letter} in Playground"
        links.draw("playground", label, session=str(column.session_id))
        return
    st.button(
        f"Keep {letter} as session",
        key="comparison.keep",
        icon=":material/bookmark_add:",
        help="Ends the comparison. The chat goes on in Playground.",
        on_click=errors.action(partial(_keep, comparison.id, column.number)),
    )


def _keep(comparison_id: UUID, column: int) -> None:
    with guard.work() as (session, actor):
        comparisons.keep(session, comparison_id, column, actor=actor)
    state.toast("Session kept")


def ask_for_version(comparison_id: UUID, column: ColumnView) -> None:
    """Open the dialog that saves a version, from a callback."""
    state.forget(NAME)

    @st.dialog("Save as prompt version")
    def form() -> None:
        label = "Name of the new prompt"
        if column.prompt_id is not None:
            name = text.plain((column.prompt or "").rpartition("@")[0])
            st.write(f"Saves prompt, model and parameters as the newest version of **{name}**.")
            label = "Or the name of a new prompt (optional)"
        st.text_input(label, key=NAME, max_chars=128, placeholder="support")
        save = partial(save_version, comparison_id, column)
        dialogs.submit("Save version", save, key="comparison.version")

    form()


def save_version(comparison_id: UUID, column: ColumnView) -> None:
    try:
        name = state.get(NAME, "").strip() or None
        wanted = NewWinnerVersion(column=column.number, name=name)
    except ValidationError:
        raise Invalid(
            "Enter a name of letters, digits, spaces, dots, dashes and underscores."
        ) from None
    with guard.work() as (session, actor):
        saved = winners.save_version(session, comparison_id, wanted, actor=actor)
    state.toast(f"Saved as {saved.name}, version {saved.version}")
