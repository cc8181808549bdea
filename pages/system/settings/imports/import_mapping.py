"""The mapping of a file: row type, columns, units and what the file does not say."""

from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.database.paging import LARGEST_PAGE, Window
from core.errors import Invalid
from core.imports import queries
from core.imports.mapping import Mapping
from core.imports.schemas import ImportStart, ImportView, NewMapping
from core.imports.service import mappings
from pages._ui import errors, guard, state, text
from pages.system.settings.imports import field_keys, import_columns, import_questions, import_type

NAME = "imports.mapping-name"


def draw(found: ImportView) -> ImportStart | None:
    """Draw the mapping, and return the choices; None until the row type is chosen."""
    for note in found.recognition.get("notes", []):
        st.caption(text.plain(note))
    mapping = found.mapping or found.recognition.get("draft")
    if mapping is None:
        return ImportStart()
    saved = _draw_saved(found)
    if saved is not None:
        return ImportStart(mapping_id=saved, **_draw_place(found))
    mapping = {"open": [], **mapping}
    if mapping["format"] == "table":
        mapping = import_columns.draw(found, mapping)
        if mapping is None:
            return None
    return ImportStart(mapping=import_questions.draw(found, mapping), **_draw_place(found))


def is_open(start: ImportStart) -> bool:
    """Whether questions are unanswered."""
    return bool(start.mapping and start.mapping.get("open"))


def is_tried(found: ImportView, start: ImportStart) -> bool:
    """Whether the dry run used the current choices."""
    if (
        found.dry_run is None
        or start.mapping_id is not None
        or start.mapping is None
        or found.mapping is None
    ):
        return found.dry_run is not None
    try:
        # As parsed: one may name fields that the other leaves to their defaults
        return Mapping.model_validate(start.mapping) == Mapping.model_validate(found.mapping)
    except ValidationError:
        return False


def draw_saving(found: ImportView, start: ImportStart) -> None:
    if start.mapping is None:
        return
    with st.popover("Save mapping", icon=":material/bookmark:"):
        st.text_input("Name", key=NAME, max_chars=200, placeholder="Nightly export")
        if st.button("Save mapping", key="imports.keep"):
            save(found.id, start)
            st.rerun()


def _draw_saved(found: ImportView) -> UUID | None:
    with guard.work() as (session, actor):
        saved = queries.list_mappings(session, window=Window(LARGEST_PAGE), actor=actor).items
    if not saved:
        return None
    by_id = {each.id: each for each in saved}
    chosen = st.selectbox(
        "Mapping",
        [None, *by_id],
        key=field_keys.key("saved", found.id),
        # Not the detected one: it may be saved, and is that of the last dry run
        format_func=lambda id_: "Current mapping" if id_ is None else by_id[id_].name,
        width=420,
    )
    if chosen is not None:
        _warn_of_missing(mappings.missing_columns(by_id[chosen].mapping, found.recognition))
    if found.dry_run is not None and not found.counts:
        import_type.draw_detected(found)
    return chosen


def _warn_of_missing(columns: list[str]) -> None:
    if columns:
        named = ", ".join(f"“{name}”" for name in columns)
        st.warning(
            text.plain(
                "This mapping reads columns that the first records of this file do not have: "
                f"{named}. Their fields would be empty."
            ),
            icon=":material/warning:",
        )


def _draw_place(found: ImportView) -> dict[str, Any]:
    """Draw the environment, and warn where the same file is in another."""
    entered = st.text_input(
        "Environment",
        found.environment,
        key=field_keys.key("environment", found.id),
        max_chars=64,
        width=420,
    )
    environment = entered.strip() or found.environment
    first = found.same_file[0] if found.same_file else None
    if first is None:
        return {"environment": environment}
    at = f"{first.created_at:%-d %b %Y}"
    if first.environment == environment:
        st.info(
            f"This file was already imported on {at}. Rows with the same ID are not stored twice.",
            icon=":material/info:",
        )
        return {"environment": environment}
    st.info(
        f"This file was imported into {text.plain(first.environment)} on {at}. An ID belongs to "
        f"one environment, so no rows would be added to {text.plain(environment)}.",
        icon=":material/info:",
    )
    words = f"Import into {environment} with separate IDs"
    separate = st.checkbox(
        words,
        key=field_keys.key("separate", found.id),
        help=f"IDs start with “{environment}:”.",
    )
    return {"environment": environment, "separate": separate}


@errors.action
def save(import_id: UUID, start: ImportStart) -> None:
    name = state.get(NAME, "").strip()
    if not name:
        raise Invalid("Enter a name.")
    with guard.work() as (session, actor):
        mappings.save_mapping(
            session, NewMapping(name=name, mapping=start.mapping, import_id=import_id), actor=actor
        )
    state.toast("Mapping saved")
