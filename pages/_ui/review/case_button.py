"""The button that makes a case of an annotation or of an answer; hidden without the permission."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.database.db import Session
from core.database.paging import LARGEST_PAGE, Window
from core.datasets.queries import datasets as queries
from core.datasets.schemas import NewDataset
from core.datasets.service import datasets, sources
from core.datasets.source_schemas import (
    AddedCases,
    AnnotationChoice,
    AnswerChoice,
    ConversationChoice,
)
from core.errors import Invalid
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from pages._ui import dialogs, errors, guard, state

CHOSEN, NAME, KEEPS = "case.dataset", "case.name", "case.keeps"
NEW = "New dataset"
LAST_QUESTION = "Add the messages up to the last question to a dataset."
Add = Callable[[UUID | None, str], AddedCases]


def draw(annotation_id: UUID, reader: Actor) -> None:
    """Draw the button of an annotation."""
    if _may_make(reader):
        st.button(
            "Add to dataset",
            key=f"case.{annotation_id}",
            icon=":material/dataset:",
            type="tertiary",
            help="Add what was asked and the better answer to a dataset.",
            on_click=errors.action(dialogs.leave_for),
            args=(lambda: open_annotation(annotation_id),),
        )


def draw_for_conversation(conversation_id: UUID, reader: Actor) -> None:
    if _may_make(reader):
        st.button(
            "Add to dataset",
            key=f"case.{conversation_id}",
            icon=":material/dataset:",
            type="tertiary",
            help=LAST_QUESTION,
            on_click=open_conversation,
            args=(conversation_id,),
        )


def _may_make(reader: Actor) -> bool:
    return may(reader, Permission.RUN_MODELS) and may(reader, Permission.READ_CONTENTS)


def open_annotation(annotation_id: UUID) -> None:
    def add(dataset_id: UUID | None, name: str) -> AddedCases:
        choice = AnnotationChoice(ids=(annotation_id,))
        with guard.work_on_both() as (session, ai, actor):
            id_ = dataset_id or _created(session, name, actor)
            return _checked(sources.add_annotations(session, ai, id_, choice, actor=actor))

    _open(add, keeps_answer=False)


@errors.action
def open_conversation(conversation_id: UUID) -> None:
    def add(dataset_id: UUID | None, name: str) -> AddedCases:
        keeps = state.get(KEEPS, False)
        choice = ConversationChoice(ids=(conversation_id,), keeps_answers=keeps)
        with guard.work() as (session, actor):
            id_ = dataset_id or _created(session, name, actor)
            return _checked(sources.add_conversations(session, id_, choice, actor=actor))

    _open(add, keeps_answer=True, what=LAST_QUESTION)


@errors.action
def open_answer(session_id: UUID, message_id: UUID) -> None:
    """Ask for the dataset of an answer in the playground, from a callback."""

    def add(dataset_id: UUID | None, name: str) -> AddedCases:
        choice = AnswerChoice(
            session_id=session_id, message_id=message_id, keeps_answer=state.get(KEEPS, False)
        )
        with guard.work() as (session, actor):
            id_ = dataset_id or _created(session, name, actor)
            return _checked(sources.add_answer(session, id_, choice, actor=actor))

    _open(add, keeps_answer=True)


def _checked(found: AddedCases) -> AddedCases:
    """Raise Invalid for a case that was not made, while its new dataset can still be undone."""
    if found.skipped:
        raise Invalid(found.skipped[0].reason)
    return found


def _created(session: Session, name: str, actor: Actor) -> UUID:
    return datasets.create_dataset(session, NewDataset(name=name), actor=actor).id


def _open(add: Add, *, keeps_answer: bool, what: str = "") -> None:
    state.forget(CHOSEN, NAME, KEEPS)
    with guard.work() as (session, actor):
        own = queries.list_datasets(session, Window(LARGEST_PAGE), mine=True, actor=actor).items
    names: dict[UUID | None, str] = {each.id: each.name for each in own} | {None: NEW}

    @st.dialog("Add to dataset")
    def form() -> None:
        if what:
            st.caption(what)
        chosen = st.selectbox("Dataset", list(names), key=CHOSEN, format_func=names.__getitem__)
        if chosen is None:
            st.text_input("Name of the new dataset", key=NAME, max_chars=128)
        if keeps_answer:
            st.checkbox("Keep the answer as the reference", key=KEEPS)
        dialogs.submit("Add case", lambda: _add(add, names), key="case")

    form()


def _add(add: Add, names: dict[UUID | None, str]) -> None:
    chosen: UUID | None = state.get(CHOSEN, next(iter(names)))
    name = state.get(NAME, "").strip()
    if chosen is None and not name:
        raise Invalid("Enter a name for the new dataset.")
    found = add(chosen, name)
    state.toast(
        f"Case added to {found.dataset.name}",
        link=f"[Open dataset](/datasets?dataset={found.dataset.id})",
    )
