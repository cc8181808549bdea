"""Section Details and sharing: name, tags, who reads the dataset, export and deletion."""

import streamlit as st
from pydantic import ValidationError

from core.datasets.files.parsed import reason_of
from core.datasets.schemas import DatasetChange, DatasetView, DatasetVisibility
from core.datasets.service import datasets, transfer
from core.errors import Invalid
from pages._ui import dialogs, errors, frame, guard, state, text
from pages.test.datasets import dataset_address

NAME, DESCRIPTION, TAGS, SHARED = (
    "datasets.details.name",
    "datasets.details.description",
    "datasets.details.tags",
    "datasets.details.shared",
)
EXPORT = "/api/v1/datasets/{id}/export"


def draw(dataset: DatasetView, may_change: bool) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _draw_details(dataset, may_change=may_change)
    with right:
        _draw_export(dataset)
        if may_change:
            frame.section("Delete")
            st.button(
                "Delete dataset",
                icon=":material/delete:",
                key="datasets.delete",
                on_click=ask_to_delete,
                args=(dataset,),
            )


def _draw_details(dataset: DatasetView, *, may_change: bool) -> None:
    with st.form("dataset-details", enter_to_submit=False):
        st.text_input("Name", dataset.name, key=state.own_key(NAME, dataset.id), max_chars=128)
        key = state.own_key(DESCRIPTION, dataset.id)
        st.text_area("Description", dataset.description, key=key, max_chars=2000)
        tags = dataset.tags
        st.multiselect(
            "Tags", tags, tags, key=state.own_key(TAGS, dataset.id), accept_new_options=True
        )
        st.checkbox(
            "Shared: everyone who may run models can read it",
            dataset.visibility is DatasetVisibility.SHARED,
            key=state.own_key(SHARED, dataset.id),
        )
        st.form_submit_button(
            "Save details", on_click=save_details, args=(dataset,), disabled=not may_change
        )


@errors.action
def save_details(dataset: DatasetView) -> None:
    is_shared = state.get(state.own_key(SHARED, dataset.id), False)
    try:
        change = DatasetChange(
            name=state.get(state.own_key(NAME, dataset.id), dataset.name),
            description=state.get(state.own_key(DESCRIPTION, dataset.id), ""),
            tags=tuple(state.get(state.own_key(TAGS, dataset.id), [])),
            visibility=DatasetVisibility.SHARED if is_shared else DatasetVisibility.PRIVATE,
        )
    except ValidationError as error:
        raise Invalid(reason_of(error)) from None
    with guard.work() as (session, actor):
        datasets.change_dataset(session, dataset.id, change, actor=actor)
    state.toast("Details saved")


def _draw_export(dataset: DatasetView) -> None:
    with guard.work() as (session, actor):
        may_export = transfer.may_export(session, dataset.id, dataset.version, actor=actor)
    frame.section("Export", "JSONL that imports again")
    if may_export:
        frame.csv_link(EXPORT.format(id=dataset.id), "Export newest version")
    else:
        st.caption("Only super admins can export cases of annotations and conversations.")


def ask_to_delete(dataset: DatasetView) -> None:
    dialogs.confirm(
        "Delete this dataset?",
        text.plain(
            f"{dataset.name} with its cases and all versions. "
            "Label gates that use it must be changed."
        ),
        "Delete dataset",
        delete,
        dataset,
        key="datasets.delete",
    )


@errors.action
def delete(dataset: DatasetView) -> None:
    with guard.work() as (session, actor):
        datasets.delete_dataset(session, dataset.id, actor=actor)
    dataset_address.close()
    state.toast("Dataset deleted")
