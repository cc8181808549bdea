"""The steps of onboarding that a user or session reached, and when."""

import streamlit as st

from core.activity.views import JourneyEvents
from core.presentation import formatting
from core.system import workspace
from pages._ui import text, watch

STEP_PX = 130


def draw(found: JourneyEvents) -> None:
    zone = workspace.zone()
    with watch.panel("Onboarding", "time each step was reached, and time since the previous step"):
        _draw_steps(found, zone)


def _draw_steps(found: JourneyEvents, zone: str) -> None:
    with st.container(border=True, gap="small", key="journey-steps"):
        grid = st.grid(len(found.steps), min_column_width=STEP_PX, gap="small")
        for step in found.steps:
            name = f":gray[:small[{step.step}\u2002{text.plain(step.label)}]]"
            if step.reached_at is None:
                grid.markdown(
                    f"{name}  \n:gray[:material/radio_button_unchecked:]\u2002:gray[not reached]"
                )
                continue
            gap = step.seconds_from_previous
            after = (
                f"after {formatting.duration(round(gap * 1000))}" if gap is not None else "start"
            )
            at = text.plain(formatting.moment(step.reached_at, zone))
            grid.markdown(
                f"{name}  \n:green[:material/check_circle:]\u2002**{at}**  "
                f"\n:gray[:small[{text.plain(after)}]]"
            )
        st.markdown(f":gray[:material/help:]\u2002{text.plain(found.why)}")
