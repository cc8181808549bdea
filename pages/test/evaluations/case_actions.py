"""What follows from an answer to a case: a replay in the playground, or a new version."""

from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.evaluations.cases.case_schemas import ReplayedRun
from core.evaluations.schemas import RunTarget
from core.evaluations.service import case_replays
from core.evaluations.views import EvaluationRunView, EvaluationView
from core.platform.ids import new_id
from core.prompts.queries.prompts import get_prompt
from pages._ui import errors, guard, links
from pages._ui.review import replay_button


def draw(found: EvaluationView, case_id: UUID, run: EvaluationRunView) -> None:
    """Draw the actions of a run that has not passed."""
    target = found.definition_targets[run.target - 1]
    with st.container(horizontal=True, gap="small"):
        # Core replays what a model answered, and nothing of services and apps
        if target.service_id is None and target.app is None:
            st.button(
                "Open in Playground",
                key=f"evaluations.replay.{run.target}.{run.run}",
                icon=":material/chat:",
                help="Have the model answer again, beside this answer and the reference.",
                on_click=replay,
                args=(found.id, case_id, ReplayedRun(target=run.target, run=run.run), new_id()),
            )
        if target.prompt_id is not None or target.bot_id is not None:
            st.button(
                "New version",
                key=f"evaluations.version.{run.target}.{run.run}",
                icon=":material/edit_note:",
                help="Open the prompt or the bot where its next version is written.",
                on_click=open_version,
                args=(target,),
            )


@errors.action
def replay(evaluation_id: UUID, case_id: UUID, wanted: ReplayedRun, button: UUID) -> None:
    """Start the replay and open its session, from a callback."""

    def start() -> UUID:
        with guard.work() as (session, actor):
            started = case_replays.start(session, evaluation_id, case_id, wanted, actor=actor)
            return started.session_id

    replay_button.open_once(button, start)


@errors.action
def open_version(target: RunTarget) -> None:
    """Open the editor of the newest version, or an earlier one in section Versions."""
    if target.bot_id is not None:
        links.go("bots", bot=str(target.bot_id))
        return
    if target.prompt_id is None:
        raise NotFound
    with guard.work() as (session, actor):
        prompt = get_prompt(session, target.prompt_id, actor=actor)
    is_newest = target.prompt_version == prompt.version
    place = {"section": "Edit"} if is_newest else {"version": str(target.prompt_version)}
    links.go("prompts", prompt=str(prompt.id), **place)
