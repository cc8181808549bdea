"""The views of a page: filters saved under a name, opened again from the filter bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st
from pydantic import ValidationError

from core.ai_metrics.requests import RequestOrder
from core.identity.permissions import may
from core.identity.schemas import Actor
from core.platform.config import config
from core.saved_views import queries, service
from core.saved_views.figures import FIGURES
from core.saved_views.schemas import NewSavedView, SavedViewChange, SavedViewDetails, ViewPage
from pages._ui import errors, guard, state, streamlit_internals, text
from pages._ui.filters import filter_state
from pages._ui.filters.filter_state import key_of

CONVERSATIONS = "tuning"  # where the filters of conversations are kept
# Widgets that Streamlit itself keeps in the address, and their values without a parameter
BOUND: Mapping[str, object] = {"anonymous": False, "order": RequestOrder.SLOWEST}
NEW, DELETED, LONGEST_NAME = "new", "deleted.", 80
FLAGS = {
    "is_shared": ("Share with everyone", "Everyone who may open this page can use the view"),
    "is_pinned": ("Pin to the Overview", "Shows a figure of the page on a card"),
    "in_digest": ("Include in the weekly digest", "Its figures of the week, and what changed"),
}
FIELDS = ("name", "figure", *FLAGS)


@dataclass(frozen=True)
class ShownFilters:
    """The filters that a page shows, as its address has them with defaults, and who looks."""

    key: str  # of the page's widgets
    page: ViewPage
    query: dict[str, str]
    actor: Actor

    @property
    def link(self) -> str:
        """The address that opens them."""
        return (
            f"{config().address}/{self.page.address}?{urlencode(self.query | self.page.place[1])}"
        )


def draw(key: str, names: Sequence[str], actor: Actor, *, is_timed: bool) -> None:
    """Draw the button with a page's views, if it has any; `key` begins its widgets' keys."""
    name = ViewPage.CONVERSATIONS if key == CONVERSATIONS else key
    if name not in set(ViewPage) or not may(actor, ViewPage(name).permission):
        return
    shown = ShownFilters(key, ViewPage(name), _query(key, names, is_timed=is_timed), actor)
    with guard.work() as (session, _):
        views = queries.list_views(session, shown.page, actor=actor)
    current = next((view for view in views if view.query == shown.query), None)
    edited = state.get(key_of(key, "edited_view"), "")
    with st.popover(
        text.plain(current.name) if current else "Views",
        icon=":material/bookmark:",
        key=key_of(key, "views"),
    ):
        if edited == NEW:
            _draw_form(shown, None)
        elif view := next((view for view in views if edited.endswith(str(view.id))), None):
            draw_edit = _draw_deletion if edited.startswith(DELETED) else _draw_form
            draw_edit(shown, view)
        else:
            _draw_list(shown, views)


def _query(key: str, names: Sequence[str], *, is_timed: bool) -> dict[str, str]:
    """Return the filters with their defaults: otherwise those of the page before would stay."""
    is_custom = filter_state.value_of(key, "days") == filter_state.CUSTOM
    span = (filter_state.VIEWS if is_custom else ("days",)) if is_timed else ()
    values = {name: filter_state.value_of(key, name) for name in (*span, *names)}
    bound = {name: st.query_params.get(name, "") for name in BOUND}
    return {name: value for name, value in {**values, **bound}.items() if value}


def _draw_list(shown: ShownFilters, views: Sequence[SavedViewDetails]) -> None:
    for view in views:
        _draw_one(shown, view)
    if not views:
        st.caption("No saved views on this page yet.")
    st.button(
        "Save current filters",
        icon=":material/bookmark_add:",
        key=key_of(shown.key, "new_view"),
        on_click=_edit,
        args=(shown.key, NEW),
    )
    st.caption("Link to the current filters")
    st.code(shown.link, language=None, wrap_lines=True)


def _draw_one(shown: ShownFilters, view: SavedViewDetails) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    is_own = view.owner_id == shown.actor.id
    row.button(
        text.plain(view.name),
        type="tertiary",
        icon=":material/group:" if view.is_shared else ":material/lock:",
        key=key_of(shown.key, f"open_view.{view.id}"),
        on_click=open_view,
        args=(view,),
        help=None if is_own else f"Shared by {text.plain(view.owner_name)}",
    )
    if is_own or service.may_delete(view, shown.actor):
        row.button(
            "Edit",
            type="tertiary",
            key=key_of(shown.key, f"edit_view.{view.id}"),
            on_click=_edit,
            args=(shown.key, str(view.id)),
        )


def open_view(view: SavedViewDetails) -> None:
    """Apply a view's filters on its own page, from a callback."""
    state.forget(*BOUND.keys() & view.query.keys())  # they take theirs from the new address
    for name in (BOUND.keys() - view.query.keys()) & st.session_state.keys():
        # The browser goes on to show the old value unless it is told another
        state.put(name, BOUND[name])
    streamlit_internals.replace_parameters(view.parameters)


def _edit(key: str, what: str) -> None:
    """Open the form of a view, or with an empty name the list again, from a callback."""
    state.put(key_of(key, "edited_view"), what)
    state.forget(*(key_of(key, f"view_{name}") for name in ("query", *FIELDS)))


def _draw_form(shown: ShownFilters, view: SavedViewDetails | None) -> None:
    if view is None or view.owner_id == shown.actor.id:
        _draw_fields(shown, view)
    else:
        st.caption(f"{text.plain(view.name)}, shared by {text.plain(view.owner_name)}")
    with st.container(horizontal=True):
        st.button("Back", key=key_of(shown.key, "close_view"), on_click=_edit, args=(shown.key, ""))
        if view is not None:
            st.button(
                "Delete view",
                icon=":material/delete:",
                key=key_of(shown.key, "delete_view"),
                on_click=_edit,
                args=(shown.key, f"{DELETED}{view.id}"),
            )


def _draw_deletion(shown: ShownFilters, view: SavedViewDetails) -> None:
    # Not in a dialog, over which the popover would lie
    name = text.plain(view.name)
    st.markdown(f"{name} will be deleted{' for everyone' if view.is_shared else ''}.")
    with st.container(horizontal=True):
        st.button(
            "Delete view",
            type="primary",
            key=key_of(shown.key, "confirm_deletion"),
            on_click=_delete,
            args=(shown.key, view),
        )
        st.button(
            "Cancel",
            key=key_of(shown.key, "cancel_deletion"),
            on_click=_edit,
            args=(shown.key, str(view.id)),
        )


def _draw_fields(shown: ShownFilters, view: SavedViewDetails | None) -> None:
    name = key_of(shown.key, "view_name")
    state.seed(name, view.name if view else "")
    st.text_input("Name", max_chars=LONGEST_NAME, key=name)
    for flag, (label, why) in FLAGS.items():
        state.seed(key_of(shown.key, f"view_{flag}"), view is not None and getattr(view, flag))
        st.checkbox(label, key=key_of(shown.key, f"view_{flag}"), help=why)
        if flag == "is_pinned" and state.get(key_of(shown.key, "view_is_pinned"), False):
            _draw_figure(shown, view)
    if view is not None and view.query != shown.query:
        st.checkbox(
            "Replace its filters with the current ones", key=key_of(shown.key, "view_query")
        )
    st.button(
        "Save view",
        type="primary",
        key=key_of(shown.key, "save_view"),
        on_click=_save,
        args=(shown, view),
    )


def _draw_figure(shown: ShownFilters, view: SavedViewDetails | None) -> None:
    labels = FIGURES[shown.page]
    if len(labels) > 1:
        key = key_of(shown.key, "view_figure")
        state.seed(key, (view and view.figure) or next(iter(labels)))
        st.selectbox("Figure on the card", list(labels), format_func=labels.__getitem__, key=key)


@errors.action
def _save(shown: ShownFilters, view: SavedViewDetails | None) -> None:
    given = {name: state.get(key_of(shown.key, f"view_{name}"), None) for name in FIELDS}
    is_replaced = view is None or state.get(key_of(shown.key, "view_query"), False)
    query = {"query": shown.query} if is_replaced else {}
    try:
        new = NewSavedView.model_validate({"page": shown.page, "query": {}, **given, **query})
    except ValidationError:
        state.problem("Enter a name.")
        return
    with guard.work() as (session, actor):
        if view is None:
            service.create_view(session, new, actor=actor)
        else:
            change = SavedViewChange(**new.model_dump(include={*given, *query}))
            service.change_view(session, view.id, change, actor=actor)
    _edit(shown.key, "")
    state.toast("View saved")


@errors.action
def _delete(key: str, view: SavedViewDetails) -> None:
    with guard.work() as (session, actor):
        service.delete_view(session, view.id, actor=actor)
    _edit(key, "")
    state.toast("View deleted")
