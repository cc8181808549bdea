"""The columns of a file: sample values, field, unit and stored values."""

from typing import Any

import streamlit as st

from core.imports.ingest.stores import STORES
from core.imports.mapping import Mapping
from core.imports.parsed import RowKind
from core.imports.recognition import questions, recognize
from core.imports.recognition.result import Recognition
from core.imports.schemas import ImportView
from pages._ui import errors, state, text
from pages.system.settings.imports import column_table, field_keys, import_type

OWNERS = {"user_id", "session_id"}
NO_OWNER = (
    "No column is the user ID or session ID: these events will count for no user and in no funnel."
)


def draw(found: ImportView, mapping: dict[str, Any]) -> dict[str, Any] | None:
    """Draw a row for each column, and return the changed mapping; None without a row type."""
    kinds = list(RowKind)
    guessed = RowKind(mapping["kind"]) if found.mapping else None
    chosen = st.selectbox(
        "Row type",
        kinds,
        None if guessed is None else kinds.index(guessed),
        # By the detected type, too: a browser would go on to show the one chosen before
        key=field_keys.key(f"kind-{guessed}", found.id),
        width=420,
        placeholder="Choose a row type",
        format_func=lambda kind: text.capitalized(STORES[kind].words[1]),
    )
    if chosen is None:
        return None
    has_samples = not import_type.lacks_samples(found)
    if not has_samples:
        import_type.draw_reading(found)
        if chosen != guessed:
            return None
    if chosen != guessed:
        mapping = mapping | {"kind": chosen, "fields": _guessed(found, chosen), "open": []}
        samples = {column["path"]: column["samples"] for column in found.recognition["columns"]}
        mapping["open"] = questions.names_open(
            questions.of_kind(Mapping.model_validate(mapping), samples)
        )
    mapping = mapping | state.get(column_table.key_of(found, chosen), {})
    column_table.draw(found, mapping, chosen, may_edit=has_samples)
    if has_samples:
        st.caption("Double-click a field or unit to change it.")
    fields = mapping["fields"]
    if chosen is RowKind.EVENTS and not fields.keys() & OWNERS:
        st.warning(NO_OWNER, icon=":material/warning:")
    if chosen is RowKind.EVENTS and not fields.get("event_type", {}).get("path"):
        mapping = mapping | {
            "fields": fields | {"event_type": {"constant": _draw_event_type(found, mapping)}}
        }
    return mapping


def _draw_event_type(found: ImportView, mapping: dict[str, Any]) -> str:
    present = mapping["fields"].get("event_type", {}).get("constant") or "imported.row"
    with st.container(horizontal=True):
        told = st.text_input(
            "Event type for all rows",
            present,
            key=field_keys.key("type", found.id),
            max_chars=200,
            width=260,
        )
        if not import_type.lacks_samples(found):
            _draw_type_column(found, mapping)
    return told.strip() or present


def _draw_type_column(found: ImportView, mapping: dict[str, Any]) -> None:
    """Draw a choice among the columns that no field is read from."""
    used = {rule.get("path") for rule in mapping["fields"].values()}
    free = {
        place: f"{column['path']} ({', '.join(map(str, column['samples'][:2]))})"
        for place, column in enumerate(found.recognition["columns"])
        if column["path"] not in used
    }
    widget = field_keys.key("type-column", found.id)
    st.selectbox(
        "Or the column of the event type",
        list(free),
        None,
        key=widget,
        format_func=lambda place: free.get(place, ""),
        placeholder="Choose a column",
        on_change=choose_type_column,
        args=(found, mapping, widget),
        width=420,
    )


@errors.action
def choose_type_column(found: ImportView, mapping: dict[str, Any], widget: str) -> None:
    """Read the event types from the chosen column."""
    place: int = state.get(widget, 0)
    column_table.apply(found, mapping, RowKind.EVENTS, {place: {"Field": "event_type"}})


def _guessed(found: ImportView, kind: RowKind) -> dict[str, Any]:
    recognition = Recognition.model_validate(found.recognition)
    rules = recognize.guessed_fields(recognition, kind)
    return {name: rule.model_dump(mode="json", by_alias=True) for name, rule in rules.items()}
