"""One import: what was detected, the dry run, progress and results."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

import streamlit as st

from core.imports import queries
from core.imports.errors import MostRefused
from core.imports.schemas import BUSY, ImportStart, ImportStatus, ImportView
from core.imports.service import imports
from core.presentation import formatting
from pages._ui import errors, frame, guard, state, text
from pages.system.settings.imports import (
    import_labels,
    import_mapping,
    import_results,
    import_type,
    import_undo,
)

DOING = {
    ImportStatus.CHECKING: "Dry run: reading the file, nothing is stored",
    ImportStatus.QUEUED: "Queued",
    ImportStatus.RUNNING: "Importing",
    ImportStatus.UNDOING: "Undoing the import",
}


def draw(found: ImportView, *, on_close: Callable[[], None]) -> None:
    with st.container(border=True, width=860, gap="xsmall"):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        row.markdown(
            f"**{text.plain(found.name)}**\u2002{import_labels.badge(found)}", width="content"
        )
        row.button(
            "Close",
            key="imports.close",
            type="tertiary",
            icon=":material/close:",
            on_click=on_close,
        )
        st.caption(
            text.plain(
                " · ".join(
                    filter(
                        None, [found.recognition.get("title"), import_labels.size(found.size_bytes)]
                    )
                )
            )
        )
        if found.error:
            st.error(text.plain(found.error), icon=":material/error:")
        if found.status in BUSY:
            _draw_progress(found.id, found.status)
        elif found.recognition.get("not_yet"):
            st.info(text.plain(found.recognition["not_yet"]), icon=":material/schedule:")
            if found.has_file:
                import_type.draw(found)
        elif found.status is ImportStatus.COMPLETED:
            import_results.draw_brought(found)
            _draw_undo(found)
        elif found.recognition and found.has_file:
            _draw_choices(found)


def _draw_progress(import_id: UUID, began_as: ImportStatus) -> None:
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


def _draw_choices(found: ImportView) -> None:
    """Draw the mapping, and the dry run below it."""
    if found.progress.records_done:
        frame.section(
            f"Stopped after {formatting.count(found.progress.records_done, 'record')}",
            import_labels.brought(found),
        )
    given = import_mapping.draw(found)
    is_tried = import_mapping.is_tried(found, given)
    if found.dry_run is not None and is_tried:
        import_results.draw_dry_run(found.dry_run)
    refused: str | None = state.get(f"imports.refused-{found.id}", None)
    if refused is not None:
        st.warning(text.plain(refused), icon=":material/warning:")
    waits = import_mapping.is_open(given)
    if waits:
        st.caption("Answer the questions above to import.")
    # No callbacks: these would have the choices of the run before, when one was made just now.
    with st.container(horizontal=True):
        tries = st.button(
            "Run dry run", key="imports.try", type="secondary" if is_tried else "primary"
        )
        if tries:
            check(found, given)
            st.rerun()
        words = "Resume import" if found.progress.records_done else "Import"
        kind: Literal["primary", "secondary"] = "primary" if is_tried else "secondary"
        if st.button(words, key="imports.start", type=kind, disabled=waits):
            start(found, given)
            st.rerun()
        if refused is not None and st.button(
            "Import valid rows only", key="imports.start-rest", disabled=waits
        ):
            start(found, given.model_copy(update={"accept_refused": True}))
            st.rerun()
        if not found.counts:
            import_type.draw(found)
        import_mapping.draw_saving(found, given)
        if found.counts:
            _draw_undo(found)


def _draw_undo(found: ImportView) -> None:
    st.button(
        "Undo import",
        key="imports.ask",
        icon=":material/undo:",
        on_click=import_undo.ask,
        args=(found,),
    )


@errors.action
def check(found: ImportView, start: ImportStart) -> None:
    with guard.work() as (session, actor):
        imports.check(session, found.id, start, actor=actor)


@errors.action
def start(found: ImportView, start: ImportStart) -> None:
    """Start or resume the import; where most rows would be rejected, say so first."""
    key = f"imports.refused-{found.id}"
    state.forget(key)
    try:
        imports.start(found.id, start, actor=guard.enter())
    except MostRefused as refused:
        state.put(key, refused.detail)


@errors.action
def stop(import_id: UUID, toast: str) -> None:
    with guard.work() as (session, actor):
        imports.cancel(session, import_id, actor=actor)
    state.toast(toast)
