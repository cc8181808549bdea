"""Section Evaluations: how the versions of a prompt do over the same cases."""

import streamlit as st

from core.evaluations.queries import trends
from core.identity.schemas import Actor
from core.prompts.views import PromptView
from pages._ui import errors, frame, guard, links
from pages._ui.loop import version_trend


@errors.part("Evaluations")
def draw(prompt: PromptView, _actor: Actor) -> None:
    with guard.work() as (session, actor):
        found = trends.list_trends(session, prompt_id=prompt.id, bot_id=None, actor=actor)
    frame.section("Trend over versions", "your newest completed evaluation of each version")
    version_trend.draw(found, f"prompts.trend.{prompt.id}")
    st.button(
        f"Evaluate version {prompt.version}",
        icon=":material/fact_check:",
        on_click=links.go,
        args=("evaluations",),
        kwargs={"new": "1", "template": str(prompt.id), "version": str(prompt.version)},
    )
