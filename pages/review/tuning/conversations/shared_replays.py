"""The replays of a conversation that colleagues share, to be read by those who run no models."""

from functools import partial
from uuid import UUID

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.playground.replay_schemas import SharedReplay
from core.playground.shared_replays import list_shared_replays
from pages._ui import diff, frame, guard, markdown, text, watch


def draw(conversation_id: UUID, reader: Actor) -> None:
    """Draw the replays for reviewers; others open them in the playground."""
    if may(reader, Permission.RUN_MODELS):
        return
    with guard.work_on_both() as (core, ai, actor):
        found = list_shared_replays(core, ai, str(conversation_id), actor=actor)
    if not found:
        return
    with watch.panel("Replays", "shared with you"), st.container(gap=None, key="list-replays"):
        for each in found:
            st.button(
                _label(each),
                key=f"replay-{each.session_id}",
                type="tertiary",
                width="stretch",
                on_click=partial(open_dialog, each),
            )


def _label(replay: SharedReplay) -> str:
    model = text.plain(text.one_line(replay.new_model or "No answer"))
    facts = [text.ago(replay.created_at), text.plain(replay.shared_by)]
    if replay.outcome is not None:
        facts.append(text.REPLAY_OUTCOMES[replay.outcome].lower())
    return f"{model}  \n:gray[:small[{' · '.join(facts)}]]"


def open_dialog(replay: SharedReplay) -> None:
    """Show the answers of a replay, from a callback."""

    @st.dialog("Replay", width="large")
    def shown() -> None:
        is_diff = st.toggle(
            "Word diff", key="replay.shared.diff", disabled=replay.new_answer is None
        )
        before = {
            "Original answer": (replay.original_answer, replay.model or ""),
            "Suggested response": (replay.suggested_answer, "of the annotation"),
        }
        for title, (said, note) in before.items():
            if said is not None:
                frame.section(title, text.plain(text.one_line(note)))
                _draw_answer(said, replay.new_answer if is_diff else None)
        if not is_diff and replay.new_answer is not None:
            frame.section("New answer", text.plain(text.one_line(replay.new_model or "")))
            markdown.draw(replay.new_answer)
        if replay.outcome is not None:
            reason = f": {text.plain(replay.reason)}" if replay.reason else ""
            st.caption(f"{text.REPLAY_OUTCOMES[replay.outcome]}{reason}")

    shown()


def _draw_answer(said: str, new: str | None) -> None:
    if new is None:
        markdown.draw(said)
    else:
        diff.draw(said, new)
