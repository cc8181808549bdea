"""The progress of an import or its dry run, with the button that stops it."""

from uuid import UUID

import streamlit as st

from core.imports import queries
from core.imports.schemas import ImportStatus
from core.imports.service import imports
from pages._ui import errors, guard, state
from pages.system.settings.imports import import_labels

DOING = {
    ImportStatus.CHECKING: "Dry run: reading the file, nothing is stored",
    ImportStatus.QUEUED: "Queued",
    ImportStatus.RUNNING: "Importing",
    ImportStatus.UNDOING: "Undoing the import",
}


def draw(import_id: UUID, began_as: ImportStatus) -> None:
    @st.fragment(run_every=1.0)
    def progress() -> None:
        with errors.InWords("Import"):
            with guard.work() as (session, actor):
                now = queries.get_import(session, import_id, actor=actor)
            if now.status is not began_as:
                st.rerun()
            done, total = now.progress.records_done, now.progress.records_total
            words = DOING[now.status]
            if done and now.status is not ImportStatus.UNDOING:
                words += f": {done:,}" + (f" of {total:,} records" if total else " records")
            st.progress(now.progress.fraction or 0.0, words)
            if now.counts and now.status is ImportStatus.RUNNING:
                st.caption(f"So far: {import_labels.brought(now)}")
            if now.status is not ImportStatus.UNDOING:
                is_try = now.status is ImportStatus.CHECKING
                st.button(
                    "Stop dry run" if is_try else "Stop import",
                    key="imports.stop",
                    icon=":material/stop_circle:",
                    on_click=stop,
                    args=(import_id, "Dry run stopped" if is_try else "Import stopped"),
                )

    progress()


@errors.action
def stop(import_id: UUID, toast: str) -> None:
    with guard.work() as (session, actor):
        imports.cancel(session, import_id, actor=actor)
    state.toast(toast)
