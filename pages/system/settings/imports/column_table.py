"""The table of a file's columns, and the mapping that its edits make."""

from typing import Any

import pandas as pd
import streamlit as st

from core.imports.cells import previews
from core.imports.fields import FIELDS
from core.imports.mapping import FieldRule, Mapping, ValueType
from core.imports.parsed import RowKind
from core.imports.recognition import field_rules
from core.imports.schemas import ImportView
from pages._ui import errors, state
from pages.system.settings.imports import field_keys

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
SHORT = 12  # lines of a table that does not scroll


def draw(found: ImportView, mapping: dict[str, Any], kind: RowKind, *, may_edit: bool) -> None:
    rows = [
        line(column, Mapping.model_validate(mapping)) for column in found.recognition["columns"]
    ]
    key = key_of(found, kind)
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
        disabled=["Column", "Stored as", "Sample values"] if may_edit else True,
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
    apply(found, mapping, kind, table.get("edited_rows", {}))


def apply(found: ImportView, mapping: dict[str, Any], kind: RowKind, changes: Changes) -> None:
    key = key_of(found, kind)
    state.put(key, changed(found.recognition["columns"], mapping, kind, changes))
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


def key_of(found: ImportView, kind: RowKind) -> str:
    return field_keys.key(f"columns-{kind}", found.id)


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
