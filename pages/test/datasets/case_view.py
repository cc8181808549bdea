"""One case with its texts, expectations and origin."""

import json

import streamlit as st

from core.datasets.schemas import CaseOrigin, CaseSplit, DatasetCase
from core.presentation import formatting
from core.system import workspace
from pages._ui import frame, markdown, text

LONGEST = 20_000
SPLITS = {CaseSplit.TUNE: "Tune", CaseSplit.HOLDOUT: "Hold-out"}
SPLIT_COLOURS = {"Tune": "blue", "Hold-out": "violet"}
ORIGINS = {
    CaseOrigin.ANNOTATION: "Annotation",
    CaseOrigin.CONVERSATION: "Conversation",
    CaseOrigin.VOTE: "Vote",
    CaseOrigin.IMPORT: "Import",
    CaseOrigin.HAND: "By hand",
    CaseOrigin.MODEL: "Model",
}


def draw_case(case: DatasetCase) -> None:
    """Draw what a case asks and expects."""
    content = case.content
    frame.facts(
        {
            "Split": SPLITS[content.split],
            "Origin": ORIGINS[content.origin],
            "Since version": str(case.added_in),
            "Created": formatting.moment(case.created_at, workspace.zone()),
            "Tags": ", ".join(content.tags),
            "ID in the file": content.external_id,
        }
    )
    for message in content.messages:
        _draw_text(message.role.value.capitalize(), message.content)
    _draw_text("Reference", content.reference)
    _draw_text("Rejected answer", content.rejected)
    if content.context:
        st.caption("Context")
        st.code(json.dumps(content.context, ensure_ascii=False, indent=1)[:LONGEST], "json")
    for scorer in content.assertions:
        fields = scorer.model_dump(mode="json", exclude_defaults=True, exclude={"kind", "negate"})
        st.caption(f"Scorer: {'not ' if scorer.negate else ''}{scorer.kind}")
        if fields:
            st.code(json.dumps(fields, ensure_ascii=False, indent=1)[:LONGEST], "json")
    for each in content.unsupported:
        st.caption(text.plain(f"Not imported: {each}"))
    if case.conversation_id is not None:
        st.caption("The split is that of its conversation, as in exports of annotations.")


def _draw_text(label: str, said: str | None) -> None:
    if said:
        st.caption(label)
        with st.container(border=True):
            markdown.draw(said[:LONGEST])
