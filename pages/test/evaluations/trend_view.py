"""The trend of a prompt or a bot over its versions."""

from uuid import UUID

import streamlit as st

from core.evaluations.queries import trends
from pages._ui import errors, frame, guard, text
from pages._ui.versions import version_trend
from pages.test.evaluations.form import target_choices

SUBJECT = "evaluations.trend.subject"


@errors.part("Trend")
def draw() -> None:
    choices = target_choices.read().prompts
    if not choices:
        frame.empty_state(
            "trending_up", "No prompts or bots yet", "Their versions are compared here."
        )
        return
    chosen = st.selectbox(
        "Prompt or bot",
        list(choices),
        key=SUBJECT,
        format_func=lambda each: text.one_line(choices[each][0]),
        width=320,
        persist_state="session",
    )
    kind, _, bot_id = chosen.partition(":")
    is_bot = kind == target_choices.BOT
    with guard.work() as (session, actor):
        found = trends.list_trends(
            session,
            prompt_id=None if is_bot else UUID(chosen),
            bot_id=UUID(bot_id) if is_bot else None,
            actor=actor,
        )
    version_trend.draw(found, f"evaluations.trend.{chosen}")
