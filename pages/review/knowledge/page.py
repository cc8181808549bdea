"""Knowledge: documents, memories and user feedback."""

import streamlit as st

from core.identity.permissions import Permission
from pages._ui import errors, guard, sections
from pages._ui.cache import Reads
from pages.review.knowledge import document, document_list, feedback_list, memory_list

SECTIONS = {
    "Documents": document_list.draw,
    "Memories": memory_list.draw,
    "Feedback": feedback_list.draw,
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
        header = document_list.header(chosen, reads.actor)
    with below:
        SECTIONS[chosen](reads, header)


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
