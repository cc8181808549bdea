"""One import: what was detected, the dry run, progress and results."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from core.imports.errors import MostRefused
from core.imports.schemas import BUSY, ImportStart, ImportStatus, ImportView
from core.imports.service import imports
from core.presentation import formatting
from pages._ui import errors, frame, guard, state, text
from pages.system.settings.imports import (
    field_keys,
    import_labels,
    import_mapping,
    import_progress,
    import_results,
    import_type,
    import_undo,
)


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
            import_progress.draw(found.id, found.status)
        elif found.recognition.get("not_yet"):
            st.info(text.plain(found.recognition["not_yet"]), icon=":material/schedule:")
            if found.has_file:
                import_type.draw(found)
        elif found.status is ImportStatus.COMPLETED:
            import_results.draw_brought(found)
            _draw_undo(found)
        elif found.recognition and found.has_file:
            _draw_choices(found)


def _draw_choices(found: ImportView) -> None:
    """Draw the mapping, and the dry run below it."""
    if found.progress.records_done:
        frame.section(
            f"Stopped after {formatting.count(found.progress.records_done, 'record')}",
            import_labels.brought(found),
        )
    given = import_mapping.draw(found)
    if given is None:
        import_type.draw(found)
        return
    is_tried = import_mapping.is_tried(found, given)
    if found.dry_run is not None and is_tried:
        import_results.draw_dry_run(found.dry_run, has_rows=bool(found.counts))
    refused = _refusal(found, given)
    if refused is not None:
        st.warning(text.plain(refused), icon=":material/warning:")
    if import_mapping.is_open(given):
        st.caption("Answer the questions above to import.")
    _draw_actions(found, given, is_tried=is_tried, is_refused=refused is not None)


def _draw_actions(
    found: ImportView, given: ImportStart, *, is_tried: bool, is_refused: bool
) -> None:
    waits = import_mapping.is_open(given)
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
        if is_refused and st.button(
            "Import valid rows only", key="imports.start-rest", disabled=waits
        ):
            start(found, given.model_copy(update={"accept_refused": True}))
            st.rerun()
        if not found.counts:
            import_type.draw(found)
        import_mapping.draw_saving(found, given)
        if found.counts:
            _draw_undo(found)


def _refusal(found: ImportView, given: ImportStart) -> str | None:
    """Return why these choices were refused; None if others were, or none."""
    nothing: tuple[ImportStart | None, str] = (None, "")
    refused, why = state.get(field_keys.key("refused", found.id), nothing)
    return why if refused == given else None


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
    key = field_keys.key("refused", found.id)
    state.forget(key)
    try:
        imports.start(found.id, start, actor=guard.enter())
    except MostRefused as refused:
        state.put(key, (start, refused.detail))
