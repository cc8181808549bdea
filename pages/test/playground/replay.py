"""What a session replays, beside the chat: the original answer, the suggested one, and what the new
one changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.playground import replays
from core.playground.replay_schemas import ReplayedAnswer
from core.playground.schemas import PlaygroundMessageView
from core.prompts.errors import PromptMissing
from core.prompts.queries import prompts
from pages._ui import diff, frame, guard, links, markdown, text
from pages.test.playground import replay_actions, replay_vote
from pages.test.playground.settings.editor import Editor


@dataclass(frozen=True)
class Replayed:
    """The answer that is replayed, and the ID of its prompt when it is one of ours."""

    answer: ReplayedAnswer
    prompt_id: UUID | None


def read(session_id: UUID) -> Replayed | None:
    """Return what a session of the account replays, or None."""
    with guard.work_on_both() as (core, ai, actor):
        answer = replays.find(core, ai, session_id, actor=actor)
        if answer is None:
            return None
        try:
            name = answer.prompt_name
            prompt = prompts.get_named(core, name, actor=actor) if name else None
        # The name is the sender's: perhaps of no prompt here, or of one that is not shared
        except PromptMissing:
            prompt = None
    return Replayed(answer, prompt.id if prompt else None)


def columns(
    replayed: Replayed, messages: Sequence[PlaygroundMessageView], editor: Editor
) -> list[DeltaGenerator]:
    """Draw the replayed answer; return the places of the settings, the chat and the sessions."""
    settings, original, chat = st.columns([1.15, 1.35, 1.5], gap="medium")
    with original.container(border=True, height=724, key="pane-replay", gap="small"):
        _draw_head(replayed.answer)
        if replayed.answer.original_answer is None:
            st.info("The conversation was deleted. The new answer stays.", icon=":material/info:")
        found = replays.find_new_answer(messages)
        new = found.content if found else None
        _draw_answers(replayed.answer, new)
        is_of_message = replayed.answer.message_id is not None
        if new is not None and is_of_message and replayed.answer.original_answer is not None:
            replay_vote.draw(editor.session_id, replayed.answer)
        replay_actions.draw(replayed.answer, replayed.prompt_id, editor)
    # Three columns are taken: the sessions stand below
    return [settings, chat, st.container()]


def _draw_head(answer: ReplayedAnswer) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(width="content"):
            frame.section("Replay", "without tools")
        if answer.evaluation_id is not None:
            links.draw(
                "evaluations",
                "Open evaluation",
                icon="fact_check",
                evaluation=str(answer.evaluation_id),
            )
        elif answer.original_answer is not None:
            place = {
                "view": "conversations",
                "conversation": str(answer.conversation_id),
                "message": str(answer.message_id),
            }
            links.draw("tuning", "Open conversation", icon="forum", **place)


def _draw_answers(answer: ReplayedAnswer, new: str | None) -> None:
    is_case = answer.evaluation_id is not None
    better = (
        ("Reference", "of the case") if is_case else ("Suggested response", "of the annotation")
    )
    shown = {
        "Original answer": (answer.original_answer, answer.model or ""),
        better[0]: (answer.suggested_answer, better[1]),
    }
    is_diff = st.toggle(
        "Word diff",
        key="replay.diff",
        disabled=new is None,
        help="Mark what the new answer removes and adds, once it is complete.",
    )
    for title, (said, note) in shown.items():
        if said is not None:
            frame.section(title, text.plain(text.one_line(note)))
            if is_diff and new is not None:
                diff.draw(said, new)
            else:
                markdown.draw(said)
