"""What adds cases: by hand, or from a file, annotations, votes or a model."""

from collections.abc import Callable

import streamlit as st

from core.datasets.schemas import DatasetView
from pages._ui import state
from pages.test.datasets import case_editor
from pages.test.datasets.sources import import_dialog, propose_dialog, source_dialog

CHOICE = "datasets.from"
SOURCES: dict[str, Callable[[DatasetView], None]] = {
    ":material/upload: File": import_dialog.open_import,
    ":material/rate_review: Annotations": source_dialog.open_annotations,
    ":material/how_to_vote: Votes": source_dialog.open_votes,
    ":material/auto_awesome: A model": propose_dialog.open_dialog,
}


def draw(dataset: DatasetView) -> None:
    st.button(
        "Add case",
        icon=":material/add:",
        type="primary",
        on_click=case_editor.open_new,
        args=(dataset,),
    )
    # A popover would stay open over the dialog
    st.menu_button(
        "Add from",
        list(SOURCES),
        key=CHOICE,
        icon=":material/playlist_add:",
        on_click=_open,
        args=(dataset,),
    )


def _open(dataset: DatasetView) -> None:
    SOURCES[state.get(CHOICE, "")](dataset)
