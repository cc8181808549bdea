"""The button that replays an answer in the playground; hidden without the permission."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.platform.ids import new_id
from core.playground.replay_schemas import NewReplay
from core.playground.service import replays
from pages._ui import errors, guard, links, state

BEGUN = "replay.begun"  # the session of the button that was pressed last


def draw(wanted: NewReplay, reader: Actor, *, key: str) -> None:
    if may(reader, Permission.RUN_MODELS) and may(reader, Permission.READ_CONTENTS):
        st.button(
            "Replay",
            key=f"replay.{key}",
            icon=":material/replay:",
            type="tertiary",
            help="Have a model answer again in the playground, without tools.",
            on_click=begin,
            args=(wanted, new_id()),
        )


@errors.action
def begin(wanted: NewReplay, button: UUID) -> None:
    """Start the replay and open its session, from a callback."""

    def start() -> UUID:
        with guard.work_on_both() as (core, ai, actor):
            return replays.start(core, ai, wanted, actor=actor).session_id

    open_once(button, start)


def open_once(button: UUID, start: Callable[[], UUID]) -> None:
    """Open the session that `start` begins; once for a button, which may be pressed again before
    the playground is drawn.
    """
    begun: dict[UUID, UUID] = state.get(BEGUN, {})
    if button not in begun:
        begun = {button: start()}
        state.put(BEGUN, begun)
    links.go("playground", session=str(begun[button]))
