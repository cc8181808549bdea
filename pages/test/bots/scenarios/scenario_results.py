"""Results of scenarios: the answers of the last run, and figures over versions."""

from uuid import UUID

import streamlit as st

from core.bots import charts as bot_charts
from core.bots.queries import results as queries
from core.bots.result_schemas import ScenarioRunView
from core.bots.schemas import BotView
from core.database.paging import LARGEST_PAGE, Window
from core.presentation import formatting
from pages._ui import charts, errors, frame, guard, text
from pages.test.bots import result_card


@errors.part("Last run")
def draw_last(last: ScenarioRunView, names: dict[UUID, str]) -> None:
    with guard.work() as (session, actor):
        window = Window(LARGEST_PAGE)
        page = queries.list_results(
            session, last.bot_id, run_id=last.id, window=window, actor=actor
        )
        outcomes = queries.sum_outcomes(session, last.id, actor=actor)
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
def draw_charts(bot: BotView) -> None:
    with guard.work() as (session, actor):
        figures = queries.figures_by_scenario(session, bot.id, actor=actor)
    if not figures:
        return
    palette, grid = charts.palette(), st.grid(2, min_column_width=300, gap=("small", "medium"))
    with grid.cell():
        frame.section("Outcomes met", "of those checked, by version")
        charts.show(bot_charts.outcomes_by_version(palette, figures), "bots.chart.outcomes")
    with grid.cell():
        frame.section("Mean alignment", "0 to 100, by version")
        charts.show(bot_charts.alignment_by_version(palette, figures), "bots.chart.alignment")
