"""Section Scenarios: which there are, running them, and results over versions."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.bots import charts as bot_charts
from core.bots.queries import results as result_queries
from core.bots.queries import scenarios as queries
from core.bots.result_schemas import (
    NewScenarioRun,
    RunMode,
    ScenarioRunView,
    ScenarioView,
)
from core.bots.schemas import BotView
from core.bots.service import runs, scenarios
from core.database.paging import LARGEST_PAGE, Window
from core.presentation import formatting
from pages._ui import charts, dialogs, errors, frame, guard, state, text
from pages.test.bots import models_choice, result_card, scenario_dialog
from pages.test.bots.labels import MODES

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
        _draw_last(last, {each.id: each.name for each in found})
    _draw_charts(bot)


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


@errors.part("Last run")
def _draw_last(last: ScenarioRunView, names: dict[UUID, str]) -> None:
    with guard.work() as (session, actor):
        window = Window(LARGEST_PAGE)
        page = result_queries.list_results(
            session, last.bot_id, run_id=last.id, window=window, actor=actor
        )
        outcomes = result_queries.sum_outcomes(session, last.id, actor=actor)
    facts = (
        last.status,
        formatting.count(last.done, "answer"),
        f"{outcomes.met} of {outcomes.checked} outcomes met",
        text.ago(last.created_at),
    )
    frame.section("Last run", text.plain(" · ".join(facts)))
    if last.error is not None:
        st.error(text.plain(last.error), icon=":material/error:")
    for result in page.items:
        name = names.get(result.scenario_id or last.id, "Deleted scenario")
        with st.expander(f"{text.plain(name)}: {result_card.title(result)}"):
            result_card.draw(result)
    if len(page.items) < page.total_count:
        st.caption(f"The first {len(page.items):,} of {page.total_count:,} answers")


@errors.part("Results over versions")
def _draw_charts(bot: BotView) -> None:
    with guard.work() as (session, actor):
        figures = result_queries.figures_by_scenario(session, bot.id, actor=actor)
    if not figures:
        return
    palette, grid = charts.palette(), st.grid(2, min_column_width=300, gap=("small", "medium"))
    with grid.cell():
        frame.section("Outcomes met", "of those checked, by version")
        charts.show(bot_charts.outcomes_by_version(palette, figures), "bots.chart.outcomes")
    with grid.cell():
        frame.section("Mean alignment", "0 to 100, by version")
        charts.show(bot_charts.alignment_by_version(palette, figures), "bots.chart.alignment")
