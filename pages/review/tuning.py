"""Tuning: the queue of what to review next, conversations, and what reviewers have said of them."""

from collections.abc import Callable

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from pages._ui import annotation_tab, conversation, conversation_tab, errors, guard, queue_tab, state, watch
from pages._ui.cache import Reads

VIEW = "tuning.view"
Tab = Callable[[Reads, watch.Header], None]
TABS: dict[str, tuple[str, str, Permission, Tab]] = {
    "queue": ("Queue", "What to review next, and why", Permission.ANNOTATE, queue_tab.draw),
    "conversations": ("Conversations", "What was said, the latest first", Permission.READ_CONTENTS, conversation_tab.draw),
    "annotations": ("Annotations", "What reviewers have said", Permission.READ_CONTENTS, annotation_tab.draw),
}


def main() -> None:
    """Guard, then the conversation that is named in the address, or the tab that is."""
    reads = Reads(guard.page(Permission.READ_CONTENTS))
    if st.query_params.get("conversation"):
        conversation.draw(reads.actor)
        return
    mine = [name for name, (_, _, permission, _) in TABS.items() if may(reads.actor, permission)]
    name = chosen(reads.actor, mine)
    _, about, _, draw = TABS[name]
    header = watch.header("Tuning", about)
    if st.query_params.to_dict():  # once the filters are cleared, it is still this tab
        st.query_params["view"] = name
    state.put(VIEW, name)
    st.segmented_control(
        "View",
        mine,
        required=True,
        key=VIEW,
        format_func=lambda each: TABS[each][0],
        label_visibility="collapsed",
        on_change=turn,
    )
    draw(reads, header)


def chosen(actor: Actor, mine: list[str]) -> str:
    """Return the tab of the address; without one, filters are those of conversations, and reviewers begin with the queue."""
    named = st.query_params.get("view", "")
    if named in mine:
        return named
    return "conversations" if st.query_params.to_dict() or not may(actor, Permission.ANNOTATE) else mine[0]


def turn() -> None:
    """Go to another tab, without the filters of this one; from a callback."""
    st.query_params.from_dict({"view": state.get(VIEW, "")})


with errors.InWords("Tuning"):
    main()
