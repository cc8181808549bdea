"""How a file is read: what its rows are, which column is what, in which units; and what the file does not say by itself."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core import settings
from core.errors import Invalid
from core.imports import queries, service
from core.imports.mapping import Mapping
from core.imports.schemas import ImportView, NewMapping, Start
from core.paging import LARGEST_PAGE, Window
from pages._ui import errors, guard, import_columns, state, text

NAME = "imports.mapping-name"


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
        mapping = import_columns.draw(found, mapping)
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
