"""The columns of a file: each with its first values, what it becomes, and in which unit it is written."""

from typing import Any

import pandas as pd
import streamlit as st

from core.imports import recognise
from core.imports.fields import FIELDS
from core.imports.mapping import As, Unit
from core.imports.parsed import Kind
from core.imports.recognise import Recognition
from core.imports.schemas import ImportView
from core.imports.stores import STORES

KEPT, LEFT_OUT = "kept with the row", "left out"
UNITS = {
    Unit.ISO: "written time",
    Unit.DAY_FIRST: "day first",
    Unit.MONTH_FIRST: "month first",
    Unit.SECONDS: "seconds",
    Unit.MILLISECONDS: "milliseconds",
    Unit.MICROSECONDS: "microseconds",
    Unit.NANOSECONDS: "nanoseconds",
    Unit.SECONDS_SINCE_START: "seconds since the start",
    Unit.MILLISECONDS_SINCE_START: "milliseconds since the start",
    Unit.DOLLARS: "dollars",
    Unit.CENTS: "cents",
    Unit.THUMBS: "thumbs",
    Unit.FIVE: "1 to 5",
    Unit.TEN: "1 to 10",
}
BY_WORDS = {words: unit for unit, words in UNITS.items()}
SHORT = 12  # lines of a table that does not scroll


def draw(found: ImportView, mapping: dict[str, Any]) -> dict[str, Any]:
    """Draw a line for each column, and return the mapping as it is chosen."""
    kinds = list(Kind)
    key = f"imports.kind-{found.id}"
    guessed = Kind(mapping["kind"]) if found.mapping else None
    chosen = st.selectbox(
        "Its rows are",
        kinds,
        None if guessed is None else kinds.index(guessed),
        key=key,
        width=420,
        placeholder="Choose what the rows are",
        format_func=lambda kind: STORES[kind].words[1],
    )
    if chosen is None:
        return mapping
    fields = mapping["fields"] if chosen == guessed else _guessed(found, chosen)
    by_path = {rule["path"]: (name, rule) for name, rule in fields.items() if rule.get("path")}
    rows = [_row(column, by_path, mapping.get("ignored", [])) for column in found.recognition["columns"]]
    edited = st.data_editor(
        pd.DataFrame(rows, columns=["Column", "Becomes", "Read as", "Values"]),
        hide_index=True,
        row_height=34,
        height="content" if len(rows) <= SHORT else 450,
        placeholder="",
        key=f"imports.columns-{found.id}-{chosen}",
        disabled=["Column", "Values"],
        column_config={
            "Column": st.column_config.TextColumn(width=150),
            "Values": st.column_config.TextColumn(width=380, help="The first ones"),
            "Becomes": st.column_config.SelectboxColumn(options=[KEPT, LEFT_OUT, *FIELDS[chosen]], required=True, width=150),
            "Read as": st.column_config.SelectboxColumn(
                options=list(BY_WORDS), width=130, help="Of times, durations, prices, ratings"
            ),
        },
    )
    constants = {name: rule for name, rule in fields.items() if not rule.get("path")}
    told = _told(edited, chosen, by_path, constants)
    if chosen is Kind.EVENTS and not told["fields"].get("event_type", {}).get("path"):
        told["fields"]["event_type"] = {"constant": _draw_event_type(found, constants)}
    return mapping | {"kind": chosen, **told}


def _draw_event_type(found: ImportView, constants: dict[str, Any]) -> str:
    """Ask what happened, where no column says it."""
    present = constants.get("event_type", {}).get("constant") or "imported.row"
    words = st.text_input("Event type of all rows", present, key=f"imports.type-{found.id}", max_chars=200, width=420)
    return words.strip() or present


def _row(column: dict[str, Any], by_path: dict[str, tuple[str, dict[str, Any]]], ignored: list[str]) -> list[str | None]:
    path = column["path"]
    name, rule = by_path.get(path, (LEFT_OUT if path in ignored else KEPT, {}))
    unit = rule.get("unit")
    return [path, name, UNITS[Unit(unit)] if unit else None, " · ".join(column["samples"])]


def _told(
    edited: pd.DataFrame, kind: Kind, by_path: dict[str, tuple[str, dict[str, Any]]], constants: dict[str, Any]
) -> dict[str, Any]:
    """Return fields and what is left out, as the table says it."""
    fields: dict[str, Any] = dict(constants)
    ignored = []
    for path, name, unit, _ in edited.itertuples(index=False):
        if name == LEFT_OUT:
            ignored.append(path)
        elif name in FIELDS[kind]:
            before, rule = by_path.get(path, ("", {}))
            kept = rule if before == name else {"path": path, "as": As(FIELDS[kind][name])}
            fields[name] = {**kept, "unit": BY_WORDS.get(unit) if unit else None}
    return {"fields": fields, "ignored": ignored}


def _guessed(found: ImportView, kind: Kind) -> dict[str, Any]:
    recognition = Recognition.model_validate(found.recognition)
    rules = recognise.guessed_fields(recognition, kind)
    return {name: rule.model_dump(mode="json", by_alias=True) for name, rule in rules.items()}
