"""One annotation in the drawer: its message, its history, and what can be done with it."""

from uuid import UUID

import streamlit as st

from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationStatus,
    AnnotationView,
)
from core.annotations.service import annotations
from core.conversations.errors import ConversationMissing, MessageMissing
from core.conversations.schemas import MessageSpeaker
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.chains.chain_views import ChainKind
from core.playground.replay_schemas import NewReplay
from pages._ui import dialogs, errors, guard, state
from pages._ui.review import (
    annotation_card,
    annotation_edit,
    case_button,
    message_context,
    message_list,
    replay_button,
)
from pages._ui.versions import chain_line
from pages.review.tuning.annotations import annotation_document

AROUND = 3
STATUSES: dict[AnnotationStatus, str] = {
    AnnotationStatus.PENDING: "Pending",
    AnnotationStatus.REVIEWED: "Reviewed",
    AnnotationStatus.APPLIED: "Applied",
}
NEXT_STATUSES: dict[AnnotationStatus, tuple[AnnotationStatus, ...]] = {
    AnnotationStatus.PENDING: (AnnotationStatus.REVIEWED,),
    AnnotationStatus.REVIEWED: (AnnotationStatus.APPLIED, AnnotationStatus.PENDING),
    AnnotationStatus.APPLIED: (AnnotationStatus.PENDING,),
}


def text_of(one: AnnotationView) -> str:
    """Return the review round in words."""
    return "Adjudicated" if one.round > 2 else f"Review {one.round}"


def draw(zone: str, actor: Actor, chosen: AnnotationView) -> None:
    with st.container(key=f"annotation-{chosen.id}"):
        if annotation_edit.is_open(chosen.id):
            annotation_edit.draw(chosen)
        else:
            annotation_edit.leave()
            _draw_one(chosen, zone, actor)
    annotation_card.draw_history(chosen, zone)


def _draw_one(chosen: AnnotationView, zone: str, actor: Actor) -> None:
    original = _draw_message(chosen, zone)
    st.caption(text_of(chosen))
    annotation_card.draw(chosen, zone, original=original)
    chain_line.draw(ChainKind.ANNOTATION, chosen.id)
    _draw_actions(
        chosen,
        actor,
        is_mine=annotation_edit.may_edit(chosen, actor),
        decides=may(actor, Permission.DECIDE_REVIEWS),
    )
    annotation_document.draw(chosen, may_propose=may(actor, Permission.ANNOTATE))


def _draw_message(one: AnnotationView, zone: str) -> str | None:
    """Draw the annotated message between its neighbours, and return its whole text."""
    try:
        found = message_context.read(one.conversation_id, one.message_id, messages=AROUND)
    except (ConversationMissing, MessageMissing) as missing:
        st.caption(missing.detail)
        return None
    message_list.draw(found.messages, zone, focus=str(one.message_id), sees_costs=False)
    about = next((each for each in found.messages if each.id == one.message_id), None)
    # Beside half a message, a diff would show the other half as added
    return about.content if about is not None and not about.is_cut else None


def _draw_actions(one: AnnotationView, actor: Actor, *, is_mine: bool, decides: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for status in NEXT_STATUSES[one.status] if decides else ():
            st.button(
                f"Mark as {STATUSES[status].lower()}",
                key=f"annotation.{status}",
                type="tertiary" if status is AnnotationStatus.PENDING else "secondary",
                on_click=move,
                args=(one.id, status),
            )
        st.button(
            "Open conversation",
            key="annotation.open",
            icon=":material/forum:",
            type="tertiary",
            on_click=open_,
            args=(str(one.conversation_id), str(one.message_id)),
        )
        if one.message_role is MessageSpeaker.ASSISTANT:
            replay_button.draw(NewReplay(annotation_id=one.id), actor, key=str(one.id))
        case_button.draw(one.id, actor)
        if is_mine:
            st.button(
                "Edit",
                key="annotation.edit",
                icon=":material/edit:",
                type="tertiary",
                on_click=annotation_edit.begin,
                args=(one,),
            )
            with st.popover("Delete", icon=":material/delete:", type="tertiary"):
                st.caption(
                    "The deletion is recorded in the audit log. Admins can still read its "
                    "history through the API."
                )
                st.button(
                    "Delete annotation", key="annotation.delete", on_click=delete, args=(one.id,)
                )


@errors.action
def move(id_: UUID, status: AnnotationStatus) -> None:
    with guard.ai_work() as (ai, actor):
        annotations.change(ai, id_, AnnotationChangeBody(status=status), actor=actor)
    state.toast(f"Marked as {STATUSES[status].lower()}")


@errors.action
def delete(id_: UUID) -> None:
    with guard.ai_work() as (ai, actor):
        annotations.remove(ai, id_, actor=actor)
    dialogs.close()
    state.toast("Annotation deleted")


def open_(conversation: str, message: str) -> None:
    """Open a message in its conversation, from a callback; the list's filters stay for the way
    back.
    """
    dialogs.close()
    st.query_params.update(
        {"view": "annotations", "conversation": conversation, "message": message}
    )
