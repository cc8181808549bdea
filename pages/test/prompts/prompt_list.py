"""The list of prompts, with search and filters."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.database.paging import Page
from core.presentation import formatting
from core.prompts.queries import prompts as queries
from core.prompts.schemas import PromptFilter, PromptOrder, Visibility
from core.prompts.views import PromptView
from core.system import workspace
from pages._ui import columns, errors, frame, guard, links, tables
from pages._ui.tables import Sorting, TableColumn
from pages.test.prompts import address, new_prompt, prompt_filters

SHOWN = 25
VISIBILITIES = {
    Visibility.PRIVATE: "Private",
    Visibility.SHARED: "Shared",
    Visibility.PUBLIC: "Public",
}
COLOURS = {"Private": "gray", "Shared": "blue", "Public": "green"}


@dataclass(frozen=True)
class PromptList:
    """What one run of the list shows, read in one transaction."""

    page: Page[PromptView]
    categories: list[str]
    tags: list[str]


def draw() -> None:
    with frame.header("Prompts", "Templates with variables, versions and labels"):
        st.button("New prompt", icon=":material/add:", type="primary", on_click=new_prompt.open_new)
        st.button("Import", icon=":material/upload:", on_click=new_prompt.open_import)
    if links.begins("prompt"):
        new_prompt.open_new()
    filters, order = prompt_filters.take_over()
    at = f"prompts.{hash((*filters.model_dump().values(), order))}"
    found = _read(filters, order, at)
    prompt_filters.draw(found.categories, found.tags)
    _draw_list(found.page, order, at)


def _read(filters: PromptFilter, order: PromptOrder, at: str) -> PromptList:
    with guard.work() as (session, actor):
        window = tables.window(at, SHOWN)
        page = queries.list_prompts(session, filters, window, order, actor=actor)
        categories, tags = queries.list_facets(session, actor=actor)
    return PromptList(page, categories, tags)


@errors.part("Prompts")
def _draw_list(page: Page[PromptView], order: PromptOrder, at: str) -> None:
    if not page.total_count:
        frame.empty_state(
            "search_off",
            "No prompts match",
            "Change the search or the filters, or create a prompt.",
        )
        return
    st.caption(
        f"{formatting.count(page.total_count, 'prompt')} · click a row to open it, a header to sort"
    )
    sorting = Sorting(order, prompt_filters.sort)
    tables.draw_page(
        page, _columns(), "prompt", name="prompts", at=at, on_open=_open, sorting=sorting
    )


def _open(row: PromptView) -> None:
    address.show(row.id)


def _columns() -> Sequence[TableColumn[PromptView]]:
    return [
        columns.text("Name", lambda row: row.name, width=140, orders={PromptOrder.NAME: "↑"}),
        columns.text("Description", lambda row: row.description, width=175, is_optional=True),
        columns.text("Category", lambda row: row.category, width=90, is_optional=True),
        columns.tags("Tags", lambda row: row.tags, width=100),
        columns.tags(
            "Labels",
            lambda row: [f"{label.name} {label.version}" for label in row.labels],
            width=200,
        ),
        columns.number("Version", lambda row: row.version, width=65),
        columns.number(
            "Executions", lambda row: row.usage_count, width=85, orders={PromptOrder.USAGE: "↓"}
        ),
        columns.number(
            "Rating",
            lambda row: row.rating,
            format="%.1f",
            width=65,
            orders={PromptOrder.RATING: "↓"},
        ),
        columns.chip("Visibility", lambda row: VISIBILITIES[row.visibility], COLOURS, width=80),
        columns.moment(
            "Updated",
            lambda row: row.updated_at,
            workspace.zone(),
            orders={PromptOrder.UPDATED: "↓"},
        ),
    ]
