"""The menu that exports a session, and the button that imports some."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.imports.schemas import ImportedSessions
from core.imports.service import playground_sessions
from core.playground.schemas import PlaygroundSessionView
from core.playground.session_files import SessionFormat
from core.presentation import formatting
from pages._ui import dialogs, errors, guard, state

FILE = "playground.import.file"
LABELS = {
    SessionFormat.JSON: "Export JSON",
    SessionFormat.MARKDOWN: "Export Markdown",
    SessionFormat.CSV: "Export CSV",
}
# As the API, which takes bodies of up to 20 MiB
MAX_MIB = 20


def draw(
    current: PlaygroundSessionView, *, may_export: bool, on_imported: Callable[[UUID], None]
) -> None:
    with st.popover(
        "Export session",
        icon=":material/download:",
        type="tertiary",
        help="Export session",
        key="icon-export",
    ):
        if may_export:
            _draw_exports(current.session_id)
        else:
            st.caption("Only super admins can export replays of conversations.")
    # Not in the popover, which would lie over the dialog
    st.button(
        "Import sessions",
        key="icon-import",
        icon=":material/upload:",
        type="tertiary",
        help="Import sessions",
        on_click=open_import,
        args=(on_imported,),
    )


def _draw_exports(session_id: UUID) -> None:
    for format_, label in LABELS.items():
        address = f"/api/v1/sessions/{session_id}/export?format={format_}"
        st.link_button(label, address, icon=":material/download:", type="tertiary")


def open_import(on_imported: Callable[[UUID], None]) -> None:
    @st.dialog("Import sessions")
    def form() -> None:
        file: UploadedFile | None = st.file_uploader(
            "File",
            type=["json", "jsonl", "md", "csv"],
            key=FILE,
            max_upload_size=MAX_MIB,
            help="An exported session, or up to 100 chats: ShareGPT or OpenAI, JSON or JSONL.",
        )
        dialogs.submit(
            "Import sessions",
            lambda: import_file(file, on_imported),
            key="playground.import.form",
            disabled=file is None,
        )

    form()


def import_file(file: UploadedFile | None, on_imported: Callable[[UUID], None]) -> None:
    """Import the file; raise FileUploading while another one that was chosen is on its way."""
    if file is None:
        raise errors.FileUploading
    with guard.work() as (session, actor):
        made = playground_sessions.import_file(session, file.getvalue(), actor=actor)
    on_imported(made.session_id)
    state.toast(_outcome(made))


def _outcome(made: ImportedSessions) -> str:
    messages = formatting.count(sum(it.message_count for it in made.sessions), "message")
    outcome = f"{formatting.count(len(made.sessions), 'session')} imported with {messages}"
    if not made.left_out_count:
        return outcome
    return f"{outcome}; {formatting.count(made.left_out_count, 'message')} of tools left out"
