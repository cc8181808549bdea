"""Section Versions: what each change of the dataset added and removed."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.datasets.queries import datasets as queries
from core.datasets.schemas import DatasetVersionView, DatasetView
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, frame, guard, sections, state, tables
from pages._ui.tables import TableColumn
from pages.test.datasets import dataset_address

SHOWN = 15  # rows of a table that does not scroll


def draw(dataset: DatasetView, may_change: bool) -> None:
    del may_change  # versions never change
    with guard.work() as (session, actor):
        found = queries.list_versions(session, dataset.id, actor=actor).items
    if not found:
        frame.empty_state("history", "No versions yet", "The first case makes version 1.")
        return
    versions = formatting.count(len(found), "version")
    st.caption(f"{versions} · click one to see its cases")
    open_ = partial(_open, dataset)
    tables.draw(found, _columns(), versions, key="datasets.versions", on_open=open_, most=SHOWN)


def _open(dataset: DatasetView, row: DatasetVersionView) -> None:
    state.put(dataset_address.version_key(dataset), row.number)
    sections.show("Cases")


def _columns() -> Sequence[TableColumn[DatasetVersionView]]:
    return [
        columns.number("Version", lambda row: row.number, width=70),
        columns.text("Change", lambda row: row.note, width=320),
        columns.number("Cases", lambda row: row.cases, width=70),
        columns.number("Added", lambda row: row.added, width=70),
        columns.number("Removed", lambda row: row.removed, width=75),
        columns.text("Author", lambda row: row.author, width=140),
        columns.moment("Created", lambda row: row.created_at, workspace.zone()),
    ]
