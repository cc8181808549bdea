"""Annotations below a message: reviewers edit them, and admins make cases of them."""

from collections.abc import Sequence

import streamlit as st

from core.annotations.schemas import AnnotationView
from core.identity.schemas import Actor
from pages._ui.review import annotation_card, annotation_edit, case_button


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
            if reader is not None:
                _draw_actions(each, reader)


def _draw_actions(one: AnnotationView, reader: Actor) -> None:
    with st.container(horizontal=True, gap="small"):
        case_button.draw(one.id, reader)
        if annotation_edit.may_edit(one, reader):
            st.button(
                "Edit",
                key=f"annotation.edit.{one.id}",
                icon=":material/edit:",
                type="tertiary",
                on_click=annotation_edit.begin,
                args=(one,),
            )
