"""The dialog that creates an empty dataset."""

import streamlit as st

from core.datasets.schemas import DatasetVisibility, NewDataset
from core.datasets.service import datasets
from core.errors import Invalid
from pages._ui import dialogs, guard, state
from pages.test.datasets import dataset_address

NAME, DESCRIPTION, SHARED = (
    "datasets.new.name",
    "datasets.new.description",
    "datasets.new.shared",
)


def open_new() -> None:
    state.forget(NAME, DESCRIPTION, SHARED)

    @st.dialog("New dataset")
    def form() -> None:
        st.text_input("Name", key=NAME, max_chars=128, placeholder="Billing questions")
        st.text_area("Description", key=DESCRIPTION, max_chars=2000, height=80)
        st.checkbox("Shared: everyone who may run models can read it", key=SHARED)
        dialogs.submit("Create dataset", create, key="datasets.new")

    form()


def create() -> None:
    if not (name := state.get(NAME, "").strip()):
        raise Invalid("Enter a name.")
    is_shared = state.get(SHARED, False)
    new = NewDataset(
        name=name,
        description=state.get(DESCRIPTION, ""),
        visibility=DatasetVisibility.SHARED if is_shared else DatasetVisibility.PRIVATE,
    )
    with guard.work() as (session, actor):
        made = datasets.create_dataset(session, new, actor=actor)
    dataset_address.show(made.id)
    state.toast(f"{made.name} created")
