"""Dialogs that make cases of annotations and votes."""

from collections import Counter
from uuid import UUID

import streamlit as st

from core.annotations.schemas import AnnotationFilter, AnnotationStatus, AnnotationType
from core.datasets.queries.sources import find_new_annotations
from core.datasets.schemas import DatasetView
from core.datasets.service import sources
from core.datasets.source_schemas import AddedCases, AnnotationChoice, VoteChoice
from core.errors import Invalid
from core.presentation import formatting
from pages._ui import dialogs, errors, guard, state

TYPE, STATUS, TAG, BLIND = (
    "datasets.from.type",
    "datasets.from.status",
    "datasets.from.tag",
    "datasets.from.blind",
)
MOST = 200  # annotations at once
NO_VOTES = "You have no votes that are not in the dataset yet."


def open_annotations(dataset: DatasetView) -> None:
    state.forget(TYPE, STATUS, TAG)

    @st.dialog("Add cases from annotations")
    def form() -> None:
        st.selectbox(
            "Type",
            list(AnnotationType),
            key=TYPE,
            index=None,
            placeholder="All",
            format_func=lambda value: value.value.capitalize(),
        )
        st.selectbox(
            "Status",
            list(AnnotationStatus),
            key=STATUS,
            index=None,
            placeholder="All",
            format_func=lambda value: value.value.capitalize(),
        )
        st.text_input("Tag", key=TAG, max_chars=64)
        with errors.InForm(st.container()):
            with guard.work_on_both() as (session, ai, actor):
                found, total = find_new_annotations(
                    session, ai, dataset, _chosen_filter(), MOST, actor=actor
                )
            match = f"{formatting.count(total, 'annotation')} not in the dataset yet"
            newest = f" · the newest {MOST} are added" if total > MOST else ""
            st.caption(f"{match}{newest}")
            ids = tuple(found)
            dialogs.submit(
                "Add cases", lambda: add_annotations(dataset.id, ids), key="datasets.annotations"
            )

    form()


def _chosen_filter() -> AnnotationFilter:
    tag = state.get(TAG, "").strip().lower() or None
    return AnnotationFilter(type=state.get(TYPE, None), status=state.get(STATUS, None), tag=tag)


def add_annotations(dataset_id: UUID, ids: tuple[UUID, ...]) -> None:
    if not ids:
        raise Invalid("There are no annotations to add.")
    with guard.work_on_both() as (session, ai, actor):
        choice = AnnotationChoice(ids=ids)
        found = sources.add_annotations(session, ai, dataset_id, choice, actor=actor)
    say_added(found)


def open_votes(dataset: DatasetView) -> None:
    state.forget(BLIND)

    @st.dialog("Add cases from votes")
    def form() -> None:
        st.write(
            "Each of your votes on comparisons and replays becomes a case: the better answer is "
            "its reference, the other one its rejected answer."
        )
        st.checkbox("Blind votes only", key=BLIND)
        dialogs.submit("Add cases", lambda: add_votes(dataset.id), key="datasets.votes")

    form()


def add_votes(dataset_id: UUID) -> None:
    choice = VoteChoice(blind_only=state.get(BLIND, False))
    with guard.work_on_both() as (session, ai, actor):
        found = sources.add_votes(session, ai, dataset_id, choice, actor=actor)
    say_added(found)


def say_added(found: AddedCases) -> None:
    """Say what was added and why the others were not; raise Invalid where it is nothing."""
    reasons = Counter(each.reason for each in found.skipped).most_common()
    skipped = " · ".join(f"{number:,} skipped: {reason}" for reason, number in reasons)
    if not found.added:
        raise Invalid(f"No cases added. {skipped}" if skipped else NO_VOTES)
    added = f"{formatting.count(found.added, 'case')} added"
    state.toast(" · ".join(filter(None, (added, skipped))))
