"""What an A/B test compares, its evaluation and export, and what of it can be changed."""

from uuid import UUID

import streamlit as st

from core.ab_tests.schemas import AbTestChange
from core.ab_tests.service import ab_tests
from core.ab_tests.views import AbTestView
from core.errors import Invalid
from core.evaluations.schemas import EvaluationSplit
from core.presentation import formatting
from pages._ui import errors, frame, guard, links, state, text
from pages.test.evaluations import settings_section
from pages.test.evaluations.form import run_fields

NAME, DESCRIPTION, LIMIT = (f"ab_tests.details.{name}" for name in ("name", "description", "limit"))


def draw(found: AbTestView) -> None:
    if found.evaluation_id is not None:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if not found.is_running:
                frame.csv_link(f"/api/v1/ab-tests/{found.id}/export")
            links.draw(
                "evaluations",
                "Open its evaluation",
                icon="fact_check",
                evaluation=str(found.evaluation_id),
            )
        if not found.is_running:
            settings_section.draw_left_out_texts(found.evaluation_id)
    frame.section("Variants")
    grid = st.grid(2, min_column_width=300, gap="small")
    for variant in found.variants:
        with grid.cell().container(border=True, gap="small", height="stretch"):
            st.markdown(f"**{variant.id}: {text.plain(text.one_line(variant.name))}**")
            parameters = variant.parameters.set_values().items()
            facts = {
                "Bot or prompt, and model": variant.title,
                "Parameters": ", ".join(f"{name} {value}" for name, value in parameters),
            }
            frame.facts(facts)
    frame.section("Cases and judge")
    with st.container(border=True, gap="small"):
        frame.facts(_facts(found))
    frame.section("Details")
    _draw_details(found)


def _facts(found: AbTestView) -> dict[str, str | None]:
    source = "Questions"
    if found.dataset_id is not None:
        name = settings_section.dataset_name(found.dataset_id, found.dataset_version)
        split = text.SPLITS[found.split or EvaluationSplit.ALL].lower()
        source = f"Dataset {name or 'that was removed or is not shared'}, {split}"
    elif found.scenario_ids:
        source = f"Messages of {formatting.count(len(found.scenario_ids), 'scenario')}"
    return {
        "Cases": source,
        "Runs of each case": str(found.runs),
        "Judge": found.judge_model_id or "None",
        "Rubric of quality": found.rubric,
    }


def _draw_details(found: AbTestView) -> None:
    limit = float(found.cost_limit_usd) if found.cost_limit_usd is not None else None
    with st.form("ab-test-details", enter_to_submit=False):
        st.text_input("Name", found.test_name, key=state.own_key(NAME, found.id), max_chars=200)
        key = state.own_key(DESCRIPTION, found.id)
        st.text_area("Description", found.description, key=key, max_chars=2000, height=90)
        key = state.own_key(LIMIT, found.id)
        # Not as the default, which Streamlit gives for an emptied field
        state.seed(key, limit)
        st.number_input(
            "Cost limit in US dollars",
            min_value=0.0,
            value=None,
            format="%g",
            key=key,
            placeholder="None",
            width=220,
        )
        st.form_submit_button("Save details", on_click=save, args=(found.id,))


@errors.action
def save(ab_test_id: UUID) -> None:
    name = state.get(state.own_key(NAME, ab_test_id), "").strip()
    if not name:
        raise Invalid("Enter a name.")
    given = {
        "test_name": name,
        "description": state.get(state.own_key(DESCRIPTION, ab_test_id), ""),
        "cost_limit_usd": run_fields.cost_limit(state.get(state.own_key(LIMIT, ab_test_id), None)),
    }
    change = run_fields.validated(AbTestChange, given)
    with guard.work() as (session, actor):
        ab_tests.change(session, ab_test_id, change, actor=actor)
    state.toast("Details saved")
