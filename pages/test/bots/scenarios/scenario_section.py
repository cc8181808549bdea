"""Section Scenarios: which there are, running them, and their results."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.bots.queries import scenarios as queries
from core.bots.result_schemas import (
    NewScenarioRun,
    RunMode,
    ScenarioRunView,
    ScenarioView,
)
from core.bots.schemas import BotView
from core.bots.service import runs, scenarios
from core.presentation import formatting
from pages._ui import dialogs, errors, guard, state, text
from pages.test.bots import models_choice
from pages.test.bots.labels import MODES
from pages.test.bots.scenarios import scenario_dialog, scenario_results

MODE, TURNS = "bots.run.mode", "bots.run.turns"
LOOKS_EVERY_S = 1.0


def draw(bot: BotView) -> None:
    if models_choice.draw() is None:
        return
    with guard.work() as (session, actor):
        scenarios.ensure_included(session)
        found = queries.list_scenarios(session, actor=actor)
        last = next(iter(queries.list_runs(session, bot.id, actor=actor)), None)
    _draw_actions(bot)
    if last is not None and last.status in queries.UNFINISHED:
        _draw_progress(last)
    _draw_scenarios(bot, found)
    if last is not None and last.status not in queries.UNFINISHED:
        scenario_results.draw_last(last, {each.id: each.name for each in found})
    scenario_results.draw_charts(bot)


def _draw_actions(bot: BotView) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        state.seed(MODE, RunMode.CONVERSATION)
        st.selectbox("Send", list(MODES), format_func=MODES.__getitem__, key=MODE, width=190)
        if state.get(MODE, RunMode.CONVERSATION) is RunMode.SIMULATED:
            state.seed(TURNS, 4)
            st.number_input("Messages at most", 1, 10, key=TURNS, width=150)
        st.button(
            "Run all", type="primary", icon=":material/play_arrow:", on_click=run,
            args=(bot.id, None),
        )  # fmt: skip
        st.button("New scenario", icon=":material/add:", on_click=scenario_dialog.open_new)


@errors.action
def run(bot_id: UUID, scenario_id: UUID | None) -> None:
    """Queue a run of one scenario or of all, by the models that are chosen now."""
    models = models_choice.chosen()
    new_run = NewScenarioRun(
        bot_id=bot_id,
        model_id=models.model_id,
        judge_model_id=models.judge_model_id,
        analyze=models.judge_model_id is not None,
        mode=state.get(MODE, RunMode.CONVERSATION),
        turns=state.get(TURNS, 4),
    )
    with guard.work() as (session, actor):
        if scenario_id is None:
            runs.start_all(session, new_run, actor=actor)
        else:
            runs.start_one(session, scenario_id, new_run, actor=actor)


def _draw_progress(began: ScenarioRunView) -> None:
    @st.fragment(run_every=LOOKS_EVERY_S)
    def progress() -> None:
        with errors.InWords("Scenario run"):
            with guard.work() as (session, actor):
                now = queries.get_run(session, began.id, actor=actor)
            if now.status not in queries.UNFINISHED:
                st.rerun()
            share = min(1.0, now.done / now.total) if now.total else 0.0
            st.progress(share, f"Running: {now.done} of {formatting.count(now.total, 'answer')}")
            st.button("Stop run", icon=":material/stop_circle:", on_click=stop, args=(began.id,))

    progress()


@errors.action
def stop(run_id: UUID) -> None:
    with guard.work() as (session, actor):
        runs.cancel(session, run_id, actor=actor)


def _draw_scenarios(bot: BotView, found: Sequence[ScenarioView]) -> None:
    grid = st.grid(3, min_column_width=270, gap="small")
    for scenario in found:
        with grid.cell().container(border=True, height="stretch"):
            st.markdown(f"**{text.plain(scenario.name)}**")
            if scenario.description:
                st.caption(text.plain(text.one_line(scenario.description)))
            lines = [f"- {text.plain(text.one_line(each))}" for each in scenario.user_messages]
            st.markdown("\n".join(lines))
            st.caption(text.plain(" · ".join(scenario.expected_outcomes)) or "No outcomes")
            if not scenario.is_active:
                st.caption("Not part of Run all")
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Run", key=f"bots.run.{scenario.id}", on_click=run,
                    args=(bot.id, scenario.id),
                )  # fmt: skip
                if not scenario.is_included:
                    key, args = f"bots.scenario.{scenario.id}", (scenario,)
                    st.button("Edit", key=f"{key}.edit", on_click=scenario_dialog.open_change,
                              args=args)  # fmt: skip
                    st.button("Delete", key=f"{key}.delete", on_click=ask_to_delete, args=args)


def ask_to_delete(scenario: ScenarioView) -> None:
    title, body = "Delete scenario?", "Its test results stay."
    dialogs.confirm(title, body, "Delete scenario", delete, scenario.id, key="bots.scenario")


@errors.action
def delete(scenario_id: UUID) -> None:
    with guard.work() as (session, actor):
        scenarios.delete_scenario(session, scenario_id, actor=actor)
    state.toast("Scenario deleted")
