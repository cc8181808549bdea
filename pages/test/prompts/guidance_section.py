"""Possible problems of the prompt being edited."""

import streamlit as st

from core.errors import Failure
from core.prompts.guidance.findings import PromptFinding, PromptFindingCode
from core.prompts.queries import guidance
from pages._ui import frame, guard, text
from pages.test.prompts.edit.editor import PromptEditor

FIELDS = {"system_prompt": "System prompt", "prompt": "Prompt"}
SERIOUS = (
    PromptFindingCode.SECRET,
    PromptFindingCode.PERSONAL_DATA,
    PromptFindingCode.TOO_LONG,
)


def draw(editor: PromptEditor) -> None:
    """Draw what the checks found, each with its reason and place."""
    with st.container(border=True, key="prompt-guidance"):
        frame.section("Guidance", "checks of the text, without a model")
        try:
            findings = _findings(editor)
        except Failure:
            st.caption("The prompt can't be checked until the error in the preview is fixed.")
            return
        if not findings:
            st.markdown(":material/check_circle: No problems found")
        for finding in findings:
            draw_finding(editor, finding)


def _findings(editor: PromptEditor) -> list[PromptFinding]:
    content = editor.content()
    with guard.work() as (session, actor):
        return guidance.check_prompt(session, editor.prompt.id, content, actor=actor)


def draw_finding(editor: PromptEditor, finding: PromptFinding) -> None:
    """Draw a finding with its reason and place."""
    icon = "warning" if finding.code in SERIOUS else "lightbulb"
    st.markdown(f":material/{icon}: {text.plain(text.one_line(finding.message))}")
    place = ""
    if finding.field is not None:
        has_two = editor.is_chat and finding.field == "prompt"
        field = "User text" if has_two else FIELDS[finding.field]
        place = f"{field}, line {finding.line}: "
    st.caption(text.plain(place + finding.reason))
