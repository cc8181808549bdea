"""Settings, Import: uploads, the open import and earlier ones."""

from pathlib import Path
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.imports import queries
from pages._ui import errors, frame, guard, state
from pages.system.settings.imports import import_detail, import_list

OPEN, UPLOAD = "import", "imports.upload"  # the first one in the address
WORDS = (
    "or drop it here: CSV, TSV, Parquet, JSON or JSONL (gzip supported). Nothing is stored until "
    "you confirm."
)
ZONE = """
<div class="upload">
  <label>Choose a file<input type="file"></label><span class="words"></span>
  <progress max="1" hidden></progress>
</div>"""

_upload = st.components.v2.component(
    "attune_upload",
    html=ZONE,
    css=frame.read("upload.css", Path(__file__).parent),
    js=frame.read("upload.js", Path(__file__).parent),
)

NOTHING: dict[str, str | None] = {}


def draw() -> None:
    frame.section("Import", "bring in historical data from files")
    with st.container(width=860):
        data = {"address": "/api/v1/imports", "words": WORDS}
        _upload(
            key=UPLOAD,
            data=data,
            height="content",
            on_uploaded_change=_open_uploaded,
            on_refused_change=_say_refused,
        )
    chosen = _opened()
    if chosen is not None:
        with errors.InWords("Import"):
            _draw_open(chosen)
    import_list.draw(chosen, on_open=open_import)


def _draw_open(import_id: UUID) -> None:
    try:
        with guard.work() as (session, actor):
            found = queries.get_import(session, import_id, actor=actor)
    except NotFound:
        close()
        return
    import_detail.draw(found, on_close=close)


def _opened() -> UUID | None:
    """Return the import of the address, or None when it is none."""
    try:
        return UUID(st.query_params.get(OPEN, ""))
    except ValueError:
        return None


def open_import(import_id: UUID) -> None:
    st.query_params[OPEN] = str(import_id)


def close() -> None:
    st.query_params.pop(OPEN, None)


def _open_uploaded() -> None:
    if uploaded := state.get(UPLOAD, NOTHING).get("uploaded"):
        open_import(UUID(uploaded))


def _say_refused() -> None:
    if refused := state.get(UPLOAD, NOTHING).get("refused"):
        state.problem(refused)
