"""The button that replays an answer in the playground; hidden without the permission."""

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.playground.replay_schemas import NewReplay
from core.playground.service import replays
from pages._ui import errors, guard, links


def draw(wanted: NewReplay, reader: Actor, *, key: str) -> None:
    if may(reader, Permission.RUN_MODELS) and may(reader, Permission.READ_CONTENTS):
        st.button(
            "Replay",
            key=f"replay.{key}",
            icon=":material/replay:",
            type="tertiary",
            help="Have a model answer again in the playground, without tools.",
            on_click=begin,
            args=(wanted,),
        )


@errors.action
def begin(wanted: NewReplay) -> None:
    """Start the replay and open its session, from a callback."""
    with guard.work_on_both() as (core, ai, actor):
        started = replays.start(core, ai, wanted, actor=actor)
    links.go("playground", session=str(started.session_id))
