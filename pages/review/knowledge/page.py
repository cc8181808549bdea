"""Knowledge: documents, memories and user feedback."""

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from pages._ui import errors, guard, sections, watch
from pages._ui.cache import Reads
from pages._ui.review import document_editor
from pages._ui.watch import Header
from pages.review.knowledge import (
    document,
    document_list,
    feedback_list,
    folder_upload,
    memory_list,
)

SECTIONS = {
    "Documents": document_list.draw,
    "Memories": memory_list.draw,
    "Feedback": feedback_list.draw,
}
ABOUT = {
    "Documents": "Documents the assistant can use",
    "Memories": "What the assistant remembers about users",
    "Feedback": "User ratings of answers",
}
SECTION = "knowledge.section"


def main() -> None:
    """Draw the document of the address, else the selected section."""
    reads = Reads(guard.page(Permission.READ_CONTENTS))
    if st.query_params.get("document"):
        document.draw(reads.actor)
        return
    top, below = st.container(), st.container()
    with below:
        # Drawn below, but first: it says whose header stands above
        chosen = _choose()
    with top:
        header = _draw_header(chosen, reads.actor)
    with below:
        SECTIONS[chosen](reads, header)


def _draw_header(section: str, actor: Actor) -> Header:
    """Draw the page's header, with the actions of admins on documents."""
    made = watch.header("Knowledge", ABOUT[section])
    if section == "Documents" and may(actor, Permission.CHANGE_KNOWLEDGE):
        with made.actions:
            st.button(
                "New document",
                icon=":material/add:",
                key="documents.new",
                type="primary",
                disabled=document_editor.is_new(),  # again, it would empty the open form
                on_click=document_editor.begin_new,
            )
            st.button(
                "Upload folder",
                icon=":material/drive_folder_upload:",
                key="documents.folder",
                on_click=folder_upload.begin,
            )
    return made


def _choose() -> str:
    given = st.query_params.get("section", "").title()
    names = list(SECTIONS)
    section = given if given in SECTIONS else names[0]
    control = sections.control_of(SECTION, section)
    st.segmented_control(
        "Section",
        names,
        required=True,
        key=control,
        label_visibility="collapsed",
        on_change=_forget_filters,
        args=(control, section),
    )
    return section


def _forget_filters(control: str, section: str) -> None:
    """Open another section without the filters of the last one."""
    if chosen := sections.pressed(control, section):
        st.query_params.from_dict({"section": chosen.lower()})


with errors.InWords("Knowledge"):
    main()
