"""What adds cases: by hand, or from a file, annotations, votes or a model."""

import streamlit as st

from core.datasets.schemas import DatasetView
from pages.test.datasets import case_editor
from pages.test.datasets.sources import import_dialog, propose_dialog, source_dialog


def draw(dataset: DatasetView) -> None:
    st.button(
        "Add case",
        icon=":material/add:",
        type="primary",
        on_click=case_editor.open_new,
        args=(dataset,),
    )
    with st.popover("Add from", icon=":material/playlist_add:"):
        st.button(
            "File",
            key="datasets.from.file",
            on_click=import_dialog.open_import,
            args=(dataset,),
            type="tertiary",
            icon=":material/upload:",
        )
        st.button(
            "Annotations",
            key="datasets.from.annotations",
            type="tertiary",
            icon=":material/rate_review:",
            on_click=source_dialog.open_annotations,
            args=(dataset,),
        )
        st.button(
            "Votes",
            key="datasets.from.votes",
            type="tertiary",
            icon=":material/how_to_vote:",
            on_click=source_dialog.open_votes,
            args=(dataset,),
        )
        st.button(
            "A model",
            key="datasets.from.model",
            type="tertiary",
            icon=":material/auto_awesome:",
            on_click=propose_dialog.open_dialog,
            args=(dataset,),
        )
