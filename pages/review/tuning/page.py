"""Tuning: the review queue, conversations, annotations, summary and export."""

from collections.abc import Callable

import streamlit as st

from core.identity.permissions import Permission, may, require_any
from core.identity.schemas import Actor
from pages._ui import errors, guard, links, sections, watch
from pages._ui.cache import Reads
from pages.review.tuning.annotations import annotation_tab
from pages.review.tuning.conversations import conversation, conversation_tab
from pages.review.tuning.queue import queue_tab
from pages.review.tuning.summary import review_export, review_summary

VIEW = "tuning.view"
Tab = Callable[[Reads, watch.Header], None]
FIGURES = (Permission.WATCH, Permission.ANNOTATE)
# Each with who has it: any of these permissions is enough.
TABS: dict[str, tuple[str, str, tuple[Permission, ...], Tab]] = {
    "queue": ("Queue", "Messages to review, by priority", (Permission.ANNOTATE,), queue_tab.draw),
    "conversations": (
        "Conversations",
        "Conversations of your users",
        (Permission.READ_CONTENTS,),
        conversation_tab.draw,
    ),
    "annotations": (
        "Annotations",
        "Reviewers' annotations",
        (Permission.READ_CONTENTS,),
        annotation_tab.draw,
    ),
    "summary": (
        "Summary",
        "Annotation totals and reviewer agreement",
        FIGURES,
        review_summary.summary_tab,
    ),
    "export": (
        "Export",
        "Export annotations",
        (Permission.EXPORT_ANNOTATIONS,),
        review_export.export_tab,
    ),
}


def main() -> None:
    """Draw the conversation of the address, else its tab."""
    reads = Reads(guard.page())
    require_any(reads.actor, Permission.READ_CONTENTS, *FIGURES)
    links.follow()
    if st.query_params.get("conversation"):
        conversation.draw(reads.actor)
        return
    mine = [
        name
        for name, (_, _, permissions, _) in TABS.items()
        if any(may(reads.actor, each) for each in permissions)
    ]
    name = chosen(reads.actor, mine)
    _, about, _, draw = TABS[name]
    header = watch.header("Tuning", about)
    if st.query_params.to_dict():  # once the filters are cleared, it is still this tab
        st.query_params["view"] = name
    control = sections.control_of(VIEW, name)
    st.segmented_control(
        "View",
        mine,
        required=True,
        key=control,
        format_func=lambda each: TABS[each][0],
        label_visibility="collapsed",
        on_change=turn,
        args=(control, name),
    )
    draw(reads, header)


def chosen(actor: Actor, mine: list[str]) -> str:
    """Return the tab of the address; without one, filters mean conversations, and reviewers begin
    with the queue.
    """
    named = st.query_params.get("view", "")
    if named in mine:
        return named
    is_list = "conversations" in mine and (
        st.query_params.to_dict() or not may(actor, Permission.ANNOTATE)
    )
    return "conversations" if is_list else mine[0]


def turn(control: str, name: str) -> None:
    """Open another tab without the filters of this one, from a callback."""
    if other := sections.pressed(control, name):
        st.query_params.from_dict({"view": other})


with errors.InWords("Tuning"):
    main()
