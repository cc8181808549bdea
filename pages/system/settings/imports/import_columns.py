"""The columns of a file: sample values, field, unit and stored values."""

from typing import Any

import pandas as pd
import streamlit as st

from core.imports.cells import previews
from core.imports.fields import FIELDS
from core.imports.ingest.stores import STORES
from core.imports.mapping import FieldRule, Mapping, ValueType
from core.imports.parsed import RowKind
from core.imports.recognition import field_rules, questions, recognize
from core.imports.recognition.result import Recognition
from core.imports.schemas import ImportView
from pages._ui import errors, state

KEPT, LEFT_OUT = "Keep as extra data", "Skip"
BY_WORDS = {words: unit for unit, words in previews.UNITS.items()}
Changes = dict[int, dict[str, str | None]]  # by line: the cells that were changed
LABELS = {
    "id": "ID",
    "ip_address": "IP address",
    "first_token_ms": "Time to first token (ms)",
    "total_latency_ms": "Latency (ms)",
    "cost_usd": "Cost (USD)",
}
OWNERS = {"user_id", "session_id"}
NO_OWNER = (
    "No column is the user ID or session ID: these events will count for no user and in no funnel."
)
SHORT = 12  # lines of a table that does not scroll


def draw(found: ImportView, mapping: dict[str, Any]) -> dict[str, Any]:
    """Draw a row for each column, and return the changed mapping."""
    kinds = list(RowKind)
    guessed = RowKind(mapping["kind"]) if found.mapping else None
    chosen = st.selectbox(
        "Row type",
        kinds,
        None if guessed is None else kinds.index(guessed),
        key=f"imports.kind-{found.id}",
        width=420,
        placeholder="Choose a row type",
        format_func=lambda kind: STORES[kind].words[1],
    )
    if chosen is None:
        return mapping
    if chosen != guessed:
        mapping = mapping | {"kind": chosen, "fields": _guessed(found, chosen), "open": []}
        samples = {column["path"]: column["samples"] for column in found.recognition["columns"]}
        mapping["open"] = questions.names_open(
            questions.of_kind(Mapping.model_validate(mapping), samples)
        )
    mapping = mapping | state.get(_key(found, chosen), {})
    _draw_table(found, mapping, chosen)
    st.caption("Double-click a field or unit to change it.")
    fields = mapping["fields"]
    if chosen is RowKind.EVENTS and not fields.keys() & OWNERS:
        st.warning(NO_OWNER, icon=":material/warning:")
    if chosen is RowKind.EVENTS and not fields.get("event_type", {}).get("path"):
        mapping = mapping | {
            "fields": fields | {"event_type": {"constant": _draw_event_type(found, fields)}}
        }
    return mapping


def _draw_table(found: ImportView, mapping: dict[str, Any], kind: RowKind) -> None:
    rows = [
        line(column, Mapping.model_validate(mapping)) for column in found.recognition["columns"]
    ]
    key = _key(found, kind)
    # What is chosen may tell the unit of a column: so the table is drawn anew with what follows
    # from it.
    version: int = state.get(f"{key}-version", 0)
    st.data_editor(
        pd.DataFrame(rows, columns=["Column", "Field", "Unit", "Stored as", "Sample values"]),
        hide_index=True,
        row_height=34,
        height="content" if len(rows) <= SHORT else 450,
        placeholder="",
        key=f"{key}-{version}",
        on_change=edit,
        args=(found, mapping, kind, f"{key}-{version}"),
        disabled=["Column", "Stored as", "Sample values"],
        column_config={
            "Column": st.column_config.TextColumn(width=140),
            "Field": st.column_config.SelectboxColumn(
                options=[KEPT, LEFT_OUT, *FIELDS[kind]], required=True, width=140, format_func=label
            ),
            "Unit": st.column_config.SelectboxColumn(
                options=list(BY_WORDS), width=110, help="For times, durations, prices and ratings"
            ),
            "Stored as": st.column_config.TextColumn(
                width=230, help="First three values as stored"
            ),
            "Sample values": st.column_config.TextColumn(
                width=230, help="First values in the file"
            ),
        },
    )


@errors.action
def edit(found: ImportView, mapping: dict[str, Any], kind: RowKind, widget: str) -> None:
    """Apply an edit of the table."""
    table: dict[str, Changes] = state.get(widget, {})
    key = _key(found, kind)
    state.put(
        key, changed(found.recognition["columns"], mapping, kind, table.get("edited_rows", {}))
    )
    state.put(f"{key}-version", state.get(f"{key}-version", 0) + 1)


def changed(
    columns: list[dict[str, Any]], mapping: dict[str, Any], kind: RowKind, changes: Changes
) -> dict[str, Any]:
    """Return a mapping's changes; a column with a new field takes the unit of its name."""
    fields, ignored = dict(mapping["fields"]), list(mapping.get("ignored", []))
    for place, change in changes.items():
        path, samples = columns[int(place)]["path"], columns[int(place)]["samples"]
        if (becomes := change.get("Field")) is not None:
            fields = {name: rule for name, rule in fields.items() if rule.get("path") != path}
            ignored = [each for each in ignored if each != path] + (
                [path] if becomes == LEFT_OUT else []
            )
            if becomes in FIELDS[kind]:
                rule = field_rules.choose(becomes, path, samples, kind)
                fields[becomes] = rule.model_dump(mode="json", by_alias=True)
        if "Unit" in change:
            unit = BY_WORDS.get(change["Unit"] or "")
            fields = {
                name: rule | ({"unit": unit} if rule.get("path") == path else {})
                for name, rule in fields.items()
            }
    return {
        "fields": fields,
        "ignored": ignored,
        "open": [name for name in mapping.get("open", []) if name not in fields],
    }


def _key(found: ImportView, kind: RowKind) -> str:
    return f"imports.columns-{found.id}-{kind}"


def _draw_event_type(found: ImportView, fields: dict[str, Any]) -> str:
    present = fields.get("event_type", {}).get("constant") or "imported.row"
    told = st.text_input(
        "Event type for all rows", present, key=f"imports.type-{found.id}", max_chars=200, width=420
    )
    return told.strip() or present


def line(column: dict[str, Any], mapping: Mapping) -> list[str | None]:
    """Return a column's row: path, field, unit, stored values and samples."""
    path, samples = column["path"], column["samples"]
    name, rule = next(
        ((name, rule) for name, rule in mapping.fields.items() if rule.path == path),
        ("", FieldRule()),
    )
    becomes = name or (LEFT_OUT if path in mapping.ignored else KEPT)
    stored = " · ".join(previews.stored(name, rule, mapping, samples)) if name else ""
    unit = previews.UNITS[rule.unit] if rule.unit and rule.as_ is not ValueType.TEXT else None
    return [path, becomes, unit, stored, " · ".join(samples)]


def label(field: object) -> str:
    name = str(field)
    return LABELS.get(name) or name.replace("_", " ").capitalize().replace(" id", " ID")


def _guessed(found: ImportView, kind: RowKind) -> dict[str, Any]:
    recognition = Recognition.model_validate(found.recognition)
    rules = recognize.guessed_fields(recognition, kind)
    return {name: rule.model_dump(mode="json", by_alias=True) for name, rule in rules.items()}
