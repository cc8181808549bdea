"""The filters of the cases of a version."""

from dataclasses import dataclass

import streamlit as st

from core.database.paging import Page
from core.datasets.schemas import (
    CaseFilter,
    CaseOrigin,
    CaseSplit,
    DatasetCase,
    DatasetVersionView,
    DatasetView,
)
from core.presentation import formatting
from pages._ui import state
from pages.test.datasets import (
    dataset_address,
)
from pages.test.datasets.case_view import ORIGINS, SPLITS

SEARCH, TAG, SPLIT, ORIGIN = (
    "datasets.q",
    "datasets.tag",
    "datasets.split",
    "datasets.origin",
)


@dataclass(frozen=True)
class CaseList:
    """What one run of the section shows, read in one transaction."""

    page: Page[DatasetCase]
    tags: list[str]
    versions: list[DatasetVersionView]


def chosen(dataset: DatasetView) -> CaseFilter:
    return CaseFilter(
        q=state.get(state.own_key(SEARCH, dataset.id), "").strip()[:200] or None,
        tag=state.get(state.own_key(TAG, dataset.id), None),
        split=state.get(state.own_key(SPLIT, dataset.id), None),
        origin=state.get(state.own_key(ORIGIN, dataset.id), None),
    )


def draw(dataset: DatasetView, found: CaseList) -> None:
    names = {
        it.number: f"{it.number} · {formatting.count(it.cases, 'case')}" for it in found.versions
    }
    names[dataset.version] += " (newest)"
    # With the chosen one, which no case of this version may have
    chosen_tag = chosen(dataset).tag
    tags = dict.fromkeys([*found.tags, *([chosen_tag] if chosen_tag else [])])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Search",
            key=state.own_key(SEARCH, dataset.id),
            max_chars=200,
            placeholder="Words in messages or references",
            icon=":material/search:",
            width=280,
        )
        st.selectbox(
            "Tag",
            list(tags),
            key=state.own_key(TAG, dataset.id),
            index=None,
            placeholder="All",
            width=150,
        )
        st.selectbox(
            "Split",
            list(CaseSplit),
            key=state.own_key(SPLIT, dataset.id),
            index=None,
            placeholder="All",
            width=130,
            format_func=SPLITS.__getitem__,
        )
        st.selectbox(
            "Origin",
            list(CaseOrigin),
            key=state.own_key(ORIGIN, dataset.id),
            index=None,
            placeholder="All",
            width=150,
            format_func=ORIGINS.__getitem__,
        )
        st.selectbox(
            "Version",
            list(names),
            key=dataset_address.version_key(dataset),
            width=200,
            format_func=names.__getitem__,
        )
