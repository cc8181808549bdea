"""Upload of a folder of Markdown files, or a ZIP of it, as documents."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.knowledge.documents import folders
from core.knowledge.documents.schemas import FolderBody, FolderReport
from core.knowledge.schemas import DocumentState
from core.presentation import formatting
from pages._ui import cache, errors, guard, state, text
from pages._ui.review.document_editor import STATES

OPEN, REPORT = "documents.is_folder", "documents.report"
MOST_LEFT_OUT = 20


def begin() -> None:
    """Open or close the upload, from a callback."""
    state.put(OPEN, not state.get(OPEN, False))
    state.forget(REPORT)


def draw() -> None:
    """Draw the upload and its report."""
    if state.get(OPEN, False):
        with st.container(border=True):
            given = st.file_uploader(
                "Markdown files or a ZIP of a folder",
                type=["md", "markdown", "txt", "zip"],
                accept_multiple_files=True,
                key="documents.files",
            )
            left, right = st.columns([2, 1])
            left.text_input(
                "Scope for all files", key="documents.folder_scope", placeholder="help centre"
            )
            right.selectbox(
                "Status",
                list(STATES),
                key="documents.folder_status",
                format_func=STATES.__getitem__,
            )
            st.caption(
                "File names become document IDs; uploading the same folder again updates the "
                "documents."
            )
            with st.container(horizontal=True):
                # A file's name stands there before the file does.
                st.button(
                    "Upload documents",
                    type="primary",
                    key="documents.bring_in",
                    on_click=bring_in,
                    disabled=not given,
                )
                st.button("Cancel", key="documents.no_folder", on_click=begin)
    report: FolderReport | None = state.get(REPORT, None)
    if report is not None:
        _draw_report(report)


@errors.action
def bring_in() -> None:
    # Not in the transaction below: unpacking takes a while
    reader = guard.enter()
    given_files: list[UploadedFile] = state.get("documents.files", [])
    files = [(each.name, each.getvalue()) for each in given_files or []]
    given = FolderBody(
        files=folders.read_files(files, actor=reader),
        scope=state.get("documents.folder_scope", ""),
        status=DocumentState(state.get("documents.folder_status", DocumentState.PUBLISHED)),
    )
    with guard.ai_work() as (ai, actor):
        report = folders.bring_in(ai, given, actor=actor)
    state.put(OPEN, False)
    state.put(REPORT, report)
    cache.forget()


def _draw_report(report: FolderReport) -> None:
    said = (
        f"{formatting.count(report.made, 'document')} created, {report.changed:,} updated, "
        f"{report.unchanged:,} unchanged"
    )
    st.success(said, icon=":material/check:")
    for each in report.left_out[:MOST_LEFT_OUT]:
        st.warning(f"{text.plain(text.one_line(each.name))}: {text.plain(each.reason)}")
    if (more := len(report.left_out) - MOST_LEFT_OUT) > 0:
        were = "was" if more == 1 else "were"
        st.caption(f"{formatting.count(more, 'more file')} {were} not uploaded.")
    st.button("Close report", key="documents.close_report", on_click=state.forget, args=(REPORT,))
