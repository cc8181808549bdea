"""What follows from a replay: another one, or a new version of the prompt."""

from uuid import UUID

import streamlit as st

from core.playground.replay_schemas import NewReplay, ReplayedAnswer
from core.playground.service import case_replays, replays
from pages._ui import errors, guard, text
from pages._ui.prompts import proposed_version
from pages._ui.prompts.proposed_version import ProposedVersion
from pages.test.playground.sessions import shown_session
from pages.test.playground.settings.editor import Editor


def draw(answer: ReplayedAnswer, prompt_id: UUID | None, editor: Editor) -> None:
    """Draw the actions; only a prompt of ours can have a new version."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if answer.original_answer is not None:
            st.button(
                "Replay again",
                key="replay.again",
                icon=":material/replay:",
                help="With the model, parameters and prompt that are set, in a new session.",
                on_click=again,
                args=(answer, editor),
            )
        if prompt_id is not None:
            name = text.one_line(answer.prompt_name or "")
            st.button(
                f"New version of {text.plain(name)}",
                key="replay.version",
                icon=":material/edit_note:",
                help="Opens its editor with the prompt, model and parameters that are set here.",
                on_click=edit_version,
                args=(prompt_id, editor),
            )


def edit_version(prompt_id: UUID, editor: Editor) -> None:
    """Open the editor of a prompt with what is set beside the chat, from a callback."""
    draft, text_ = editor.draft(), editor.prompt or editor.default_prompt
    proposed = ProposedVersion(text_, draft.model, draft.parameters, "Tried in a replay")
    proposed_version.open_editor(prompt_id, proposed)


@errors.action
def again(answer: ReplayedAnswer, editor: Editor) -> None:
    """Replay with what is set beside the chat, from a callback."""
    draft = editor.draft()
    if answer.evaluation_id is not None:
        with guard.work() as (session, actor):
            repeated = case_replays.repeat(session, editor.session_id, draft, actor=actor)
        shown_session.show(repeated.session_id)
        return
    is_of_note = answer.suggested_answer is not None
    wanted = NewReplay(
        annotation_id=answer.annotation_id if is_of_note else None,
        message_id=None if is_of_note else str(answer.message_id),
        model_id=draft.model,
        system_prompt=editor.prompt or editor.default_prompt,
        parameters=draft.parameters,
        cost_limit_usd=draft.cost_limit_usd,
    )
    with guard.work_on_both() as (core, ai, actor):
        started = replays.start(core, ai, wanted, actor=actor)
    shown_session.show(started.session_id)
