"""Section Cases: the cases of a version, with filters, and what changes them."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from core.database.paging import Page
from core.datasets.queries import cases as case_queries
from core.datasets.queries import datasets as queries
from core.datasets.schemas import (
    CaseFilter,
    DatasetCase,
    DatasetView,
)
from core.datasets.service import cases
from core.insights.chains.chain_views import ChainKind
from core.presentation import formatting
from core.providers.schemas import MessageRole
from pages._ui import columns, dialogs, errors, frame, guard, state, tables
from pages._ui.tables import TableColumn
from pages._ui.versions import chain_line
from pages.test.datasets import case_editor, case_filters, dataset_address
from pages.test.datasets.case_view import ORIGINS, SPLIT_COLOURS, SPLITS, draw_case

SHOWN = 25
HOW_TO_ADD = "Add a case by hand, or from a file, annotations, your votes or a model."


def draw(dataset: DatasetView, may_change: bool) -> None:
    if not dataset.version:
        frame.empty_state("dataset", "No cases yet", HOW_TO_ADD)
        return
    version: int | None = state.get(dataset_address.version_key(dataset), None)
    filters = case_filters.chosen(dataset)
    # Another version or filter begins at its first page
    at = f"datasets.{hash((dataset.id, dataset.version, version, filters))}"
    found = _read(dataset, version, filters, at)
    case_filters.draw(dataset, found)
    is_newest = version in (None, dataset.version)
    if not found.page.total_count and filters == CaseFilter():
        body = HOW_TO_ADD if is_newest else "Choose another version."
        frame.empty_state("dataset", "No cases in this version", body)
        return
    _draw_list(dataset, found.page, at, may_change=may_change and is_newest)


def _read(
    dataset: DatasetView, version: int | None, filters: CaseFilter, at: str
) -> case_filters.CaseList:
    with guard.work() as (session, actor):
        page = case_queries.list_cases(
            session,
            dataset.id,
            filters,
            tables.window(at, SHOWN),
            version=version,
            actor=actor,
        )
        tags = case_queries.list_tags(session, dataset.id, version, actor=actor)
        versions = queries.list_versions(session, dataset.id, actor=actor).items
    return case_filters.CaseList(page, tags, versions)


@errors.part("Cases")
def _draw_list(dataset: DatasetView, page: Page[DatasetCase], at: str, *, may_change: bool) -> None:
    if not page.total_count:
        frame.empty_state("search_off", "No cases match", "Change the search or the filters.")
        return
    st.caption(f"{formatting.count(page.total_count, 'case')} · click a row to open it")
    tables.draw_page(
        page, _columns(), "case", name="datasets.cases", at=at, on_open=dialogs.open_row
    )
    show = partial(_draw_opened, dataset, may_change)
    dialogs.draw_opened(page.items, "Case", show, partial(_read_case, dataset))


def _read_case(dataset: DatasetView, opened: str) -> DatasetCase:
    """Read a case that is not on this page of the list; raise NotFound."""
    with guard.work() as (session, actor):
        return case_queries.get_case(session, dataset.id, dialogs.id_of(opened), actor=actor)


def _draw_opened(dataset: DatasetView, may_change: bool, case: DatasetCase) -> None:
    chain_line.draw(ChainKind.CASE, case.id)
    draw_case(case)
    if not may_change:
        return
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Edit case",
            icon=":material/edit:",
            key="datasets.case.edit",
            on_click=dialogs.leave_for,
            args=(partial(case_editor.open_edit, dataset, case),),
        )
        with st.popover("Remove", icon=":material/delete:", type="tertiary"):
            st.caption("Earlier versions keep this case.")
            st.button(
                "Remove case",
                key="datasets.case.remove",
                on_click=remove,
                args=(dataset.id, case.id),
            )


@errors.action
def remove(dataset_id: UUID, case_id: UUID) -> None:
    with guard.work() as (session, actor):
        cases.remove_cases(session, dataset_id, [case_id], actor=actor)
    dialogs.close()
    state.toast("Case removed in a new version")


def _columns() -> Sequence[TableColumn[DatasetCase]]:
    return [
        columns.text("Question", _question, width=360),
        columns.text("Reference", lambda row: row.content.reference, width=220, is_optional=True),
        columns.tags("Scorers", _scorers, width=150),
        columns.tags("Tags", lambda row: row.content.tags, width=130),
        columns.chip("Split", lambda row: SPLITS[row.content.split], SPLIT_COLOURS, width=85),
        columns.text("Origin", lambda row: ORIGINS[row.content.origin], width=105),
        columns.number("Since version", lambda row: row.added_in, width=90),
    ]


def _question(row: DatasetCase) -> str:
    asked = [it.content for it in row.content.messages if it.role is MessageRole.USER]
    return asked[-1]


def _scorers(row: DatasetCase) -> list[str]:
    named = [("not " if it.negate else "") + it.kind for it in row.content.assertions]
    return [*named, *(["unsupported"] if row.content.unsupported else [])]
