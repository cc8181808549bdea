"""How a file is read: what its rows are, which column is what, in which units; and what the file does not say by itself."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from core import settings
from core.errors import Invalid
from core.imports import queries, recognise, service
from core.imports.fields import FIELDS
from core.imports.mapping import As, Mapping, Unit
from core.imports.parsed import Kind
from core.imports.recognise import Recognition
from core.imports.schemas import ImportView, NewMapping, Start
from core.imports.stores import STORES
from core.paging import LARGEST_PAGE, Window
from pages._ui import errors, guard, state, text

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
NAME = "imports.mapping-name"
SHORT = 12  # lines of a table that does not scroll


def draw(found: ImportView) -> Start:
    """Draw how the file is read, and return what is chosen."""
    for note in found.recognition.get("notes", []):
        st.caption(text.plain(note))
    mapping = found.mapping or found.recognition.get("draft")
    if mapping is None:
        return Start()
    saved = _draw_saved(found)
    if saved is not None:
        return Start(mapping_id=saved, environment=_draw_environment(found))
    if mapping["format"] == "table":
        mapping = _draw_columns(found, mapping)
    answers = {question["key"]: _draw_question(found, question, mapping) for question in found.recognition.get("questions", [])}
    return Start(
        mapping=mapping | {name: value for name, value in answers.items() if value}, environment=_draw_environment(found)
    )


def is_tried(found: ImportView, given: Start) -> bool:
    """Whether the dry run was one of what is chosen now."""
    if found.dry_run is None or given.mapping_id is not None or given.mapping is None or found.mapping is None:
        return found.dry_run is not None
    try:
        return Mapping.model_validate(given.mapping) == Mapping.model_validate(found.mapping)
    except ValidationError:
        return False


def draw_saving(found: ImportView, given: Start) -> None:
    """Draw how the mapping is kept for the next file."""
    if given.mapping is None:
        return
    with st.popover("Keep this mapping", icon=":material/bookmark:"):
        st.text_input("Name", key=NAME, max_chars=200, placeholder="Nightly export")
        st.button("Keep", key="imports.keep", on_click=save, args=(found.id, given))


def _draw_saved(found: ImportView) -> UUID | None:
    with guard.work() as (session, actor):
        saved = queries.list_mappings(session, window=Window(LARGEST_PAGE), actor=actor).items
    if not saved:
        return None
    names = {each.id: each.name for each in saved}
    key = f"imports.saved-{found.id}"
    return st.selectbox(
        "Mapping",
        [None, *names],
        key=key,
        format_func=lambda id_: "As recognised, or changed below" if id_ is None else names[id_],
        width=420,
    )


def _draw_columns(found: ImportView, mapping: dict[str, Any]) -> dict[str, Any]:
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
    return mapping | {"kind": chosen, **_told(edited, chosen, by_path, constants)}


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


def _draw_question(found: ImportView, question: dict[str, str], mapping: dict[str, Any]) -> str | None:
    key = f"imports.{question['key']}-{found.id}"
    present = mapping.get(question["key"]) or question["default"]
    match question["key"]:
        case "zone":
            zones = settings.time_zones()
            return st.selectbox(question["text"], zones, zones.index(present) if present in zones else 0, key=key, width=420)
        case "start":
            at = st.datetime_input(
                question["text"] + " (UTC)", datetime.fromisoformat(present).replace(tzinfo=None), key=key, width=420
            )
            return at.replace(tzinfo=UTC).isoformat() if at else None
        case _:
            return st.text_input(question["text"], present, key=key, max_chars=200, width=420).strip() or None


def _draw_environment(found: ImportView) -> str:
    words = st.text_input("Environment", found.environment, key=f"imports.environment-{found.id}", max_chars=64, width=420)
    return words.strip() or found.environment


@errors.action
def save(import_id: UUID, given: Start) -> None:
    """Keep the mapping under the name that was entered."""
    name = state.get(NAME, "").strip()
    if not name:
        raise Invalid("A name is needed.")
    with guard.work() as (session, actor):
        service.save_mapping(session, NewMapping(name=name, mapping=given.mapping, import_id=import_id), actor=actor)
    state.toast("Mapping kept")
