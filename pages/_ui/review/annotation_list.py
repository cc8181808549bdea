"""Annotations below a message, editable by reviewers."""

from collections.abc import Sequence

import streamlit as st

from core.annotations.schemas import AnnotationView
from core.identity.schemas import Actor
from pages._ui.review import annotation_card, annotation_edit


def draw(
    given: Sequence[AnnotationView], zone: str, original: str | None, reader: Actor | None
) -> None:
    """Draw the annotations of a message, with suggested responses as diffs."""
    for each in given:
        with st.container(border=True, gap="xsmall", key=f"annotation-{each.id}"):
            if annotation_edit.is_open(each.id):
                annotation_edit.draw(each)
                continue
            annotation_card.draw(each, zone, original=original)
            if each.updated_at != each.created_at:
                annotation_card.draw_history(each, zone)
            if reader is not None and annotation_edit.may_edit(each, reader):
                _draw_edit(each)


def _draw_edit(one: AnnotationView) -> None:
    key = f"annotation.edit.{one.id}"
    st.button(
        "Edit",
        key=key,
        icon=":material/edit:",
        type="tertiary",
        on_click=annotation_edit.begin,
        args=(one,),
    )
