"""The list of datasets."""

from collections.abc import Sequence

import streamlit as st

from core.database.paging import Page
from core.datasets.queries import datasets as queries
from core.datasets.schemas import DatasetView, DatasetVisibility
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, errors, frame, guard, links, tables
from pages._ui.filters import only_mine
from pages._ui.tables import TableColumn
from pages.test.datasets import dataset_address, new_dataset
from pages.test.datasets.sources import import_dialog

SHOWN = 25
VISIBILITIES = {DatasetVisibility.PRIVATE: "Private", DatasetVisibility.SHARED: "Shared"}
COLOURS = {"Private": "gray", "Shared": "blue"}


def draw() -> None:
    with frame.header("Datasets", "Cases with expectations, to evaluate prompts and models with"):
        st.button(
            "New dataset", icon=":material/add:", type="primary", on_click=new_dataset.open_new
        )
        st.button("Import", icon=":material/upload:", on_click=import_dialog.open_import)
    if links.begins("dataset"):
        new_dataset.open_new()
    import_dialog.draw_report()
    mine = only_mine.is_on()
    at = f"datasets.{mine}"
    with guard.work() as (session, actor):
        page = queries.list_datasets(session, tables.window(at, SHOWN), mine=mine, actor=actor)
    if page.total_count or mine:
        only_mine.draw("datasets")
    _draw_list(page, at, is_filtered=mine)


@errors.part("Datasets")
def _draw_list(page: Page[DatasetView], at: str, *, is_filtered: bool) -> None:
    if is_filtered and not page.total_count:
        body = "Turn off “Only mine” to see the datasets that others share."
        frame.empty_state("search_off", "No datasets of your own", body)
        return
    if not page.total_count:
        frame.empty_state(
            "dataset",
            "No datasets yet",
            "Create a dataset, import a file of promptfoo, OpenAI evals or questions, or add "
            "an annotated message.",
        )
        return
    st.caption(f"{formatting.count(page.total_count, 'dataset')} · click a row to open it")
    tables.draw_page(page, _columns(), "dataset", name="datasets", at=at, on_open=_open)


def _open(row: DatasetView) -> None:
    dataset_address.show(row.id)


def _columns() -> Sequence[TableColumn[DatasetView]]:
    return [
        columns.text("Name", lambda row: row.name, width=220),
        columns.text("Description", lambda row: row.description, width=280, is_optional=True),
        columns.tags("Tags", lambda row: row.tags, width=140),
        columns.number("Cases", lambda row: row.cases, width=70),
        columns.number("Version", lambda row: row.version, width=70),
        columns.chip("Visibility", lambda row: VISIBILITIES[row.visibility], COLOURS, width=80),
        columns.text("Owner", lambda row: row.owner_name or "Workspace", width=130),
        columns.moment("Updated", lambda row: row.updated_at, workspace.zone()),
    ]
