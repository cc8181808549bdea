"""One dataset: its head and its sections."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.datasets.errors import DatasetMissing
from core.datasets.queries import datasets as queries
from core.datasets.schemas import DatasetView
from core.errors import NotFound
from core.identity.schemas import Actor
from core.presentation import formatting
from core.system import workspace
from pages._ui import frame, guard, links, sections, text
from pages.test.datasets import (
    case_section,
    dataset_address,
    settings_section,
    version_section,
)
from pages.test.datasets.sources import import_dialog, source_menu

SECTIONS: dict[str, Callable[[DatasetView, bool], None]] = {
    "Cases": case_section.draw,
    "Versions": version_section.draw,
    "Details and sharing": settings_section.draw,
}


def draw(actor: Actor) -> None:
    """Draw the dataset that the address names."""
    frame.back("All datasets", dataset_address.close, "datasets.back")
    try:
        dataset = _read(st.query_params[dataset_address.OPEN])
    except NotFound as missing:
        st.title("Datasets", anchor=False)
        frame.empty_state("dataset", "Dataset not found", missing.detail)
        return
    may_change = dataset.owner in (None, actor.id)
    _draw_head(dataset, may_change=may_change)
    import_dialog.draw_report()
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
        section = sections.choose(SECTIONS, dataset_address.SECTION)
        if dataset.cases:
            st.button(
                "Evaluate",
                icon=":material/fact_check:",
                help="Start an evaluation over these cases.",
                on_click=links.go,
                args=("evaluations",),
                kwargs={"new": "1", "dataset": str(dataset.id)},
            )
    SECTIONS[section](dataset, may_change)


def _read(opened: str) -> DatasetView:
    try:
        dataset_id = UUID(opened)
    except ValueError:
        raise DatasetMissing from None
    with guard.work() as (session, actor):
        return queries.get_dataset(session, dataset_id, actor=actor)


def _draw_head(dataset: DatasetView, *, may_change: bool) -> None:
    facts = [
        formatting.count(dataset.cases, "case"),
        f"version {dataset.version}" if dataset.version else "",
        dataset.visibility.value,
        dataset.owner_name or "Workspace",
        f"updated {formatting.moment(dataset.updated_at, workspace.zone())}",
        *dataset.tags,
    ]
    caption = text.plain(text.one_line(" · ".join(filter(None, facts))))
    with frame.header(text.plain(dataset.name), caption):
        if may_change:
            source_menu.draw(dataset)
    if dataset.description:
        st.caption(text.plain(dataset.description))
