"""The form of a new A/B test: variants, cases, a judge, runs, an estimate, and the start."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import streamlit as st

from core.ab_tests.schemas import NewAbTest, VariantId
from core.ab_tests.service import ab_tests
from core.bots.queries.scenarios import list_scenarios
from core.bots.service.scenarios import ensure_included
from core.errors import Invalid
from core.presentation import formatting
from pages._ui import errors, frame, guard, state, text
from pages.test.evaluations.ab_tests import address, judge_fields
from pages.test.evaluations.form import case_fields, run_fields, target_choices, target_fields

AT = "ab_tests.new"
NAME, DESCRIPTION, SOURCE = f"{AT}.name", f"{AT}.description", f"{AT}.source"
SCENARIOS = f"{AT}.scenarios"
OWN, OF_SCENARIOS = "Dataset or questions", "Scenarios"


def draw() -> None:
    frame.back("All A/B tests", address.close, "ab_tests.back")
    st.title("New A/B test", anchor=False)
    with st.container(horizontal=True, gap="small"):
        st.text_input("Name", key=NAME, max_chars=200, placeholder="Warmer answers", width=420)
        st.text_input(
            "Description", key=DESCRIPTION, max_chars=2000, placeholder="Optional", width=420
        )
    frame.section("Variants", "both answer every case")
    _draw_variants()
    frame.section("Cases", "ten or more: fewer are too few to compare")
    _draw_cases()
    frame.section("Judge", "scores each answer, and says how it sounds")
    judge_fields.draw()
    frame.section("Runs and cost")
    run_fields.draw(AT)
    with st.container(horizontal=True, gap="small"):
        st.button("Start A/B test", type="primary", icon=":material/play_arrow:", on_click=start)
        st.button("Estimate", icon=":material/calculate:", on_click=estimate)


def _draw_variants() -> None:
    # A variant is a bot or a version of a prompt
    choices = replace(target_choices.read(), service=None)
    grid = st.grid(2, min_column_width=320, gap="small")
    for variant in VariantId:
        with grid.cell().container(border=True, gap="small"):
            st.text_input(
                f"Name of variant {variant}",
                key=_name_key(variant),
                max_chars=100,
                placeholder="Bot or prompt, and its version",
            )
            target_fields.draw(f"variant {variant}", choices, has_text=False)


def _name_key(variant: VariantId) -> str:
    return f"{AT}.variant.{variant}"


def _draw_cases() -> None:
    st.segmented_control(
        "Cases from",
        [OWN, OF_SCENARIOS],
        default=OWN,
        required=True,
        key=SOURCE,
        label_visibility="collapsed",
    )
    if state.get(SOURCE, OWN) == OWN:
        case_fields.draw()
        return
    with guard.work() as (session, actor):
        ensure_included(session)
        found = {each.id: each for each in list_scenarios(session, actor=actor) if each.is_active}
    st.multiselect(
        "Scenarios",
        list(found),
        key=SCENARIOS,
        format_func=lambda each: _label(found[each].name, len(found[each].user_messages)),
        help="Each message is a case by itself, with the scenario's expected outcomes.",
        width=640,
    )


def _label(name: str, messages: int) -> str:
    return f"{text.one_line(name)} · {formatting.count(messages, 'message')}"


def _new() -> NewAbTest:
    """Return the A/B test as entered; raise Invalid."""
    name = state.get(NAME, "").strip()
    if not name:
        raise Invalid("Enter a name.")
    judge = judge_fields.read()
    given = {
        "test_name": name,
        "description": state.get(DESCRIPTION, ""),
        "variants": [_variant(variant) for variant in VariantId],
        **_cases(),
        **run_fields.read(AT),
        **judge,
    }
    if not judge:
        case_fields.check_expected(given, "Choose a judge, or add")
    return run_fields.validated(NewAbTest, given)


def _variant(variant: VariantId) -> dict[str, Any]:
    found = target_fields.read(f"variant {variant}")
    if not {"bot_id", "template_id"} & found.keys():
        raise Invalid(f"Choose a prompt or bot for variant {variant}.")
    return {"name": state.get(_name_key(variant), ""), **found}


def _cases() -> dict[str, Any]:
    if state.get(SOURCE, OWN) == OWN:
        return case_fields.read()
    ids: list[UUID] = state.get(SCENARIOS, [])
    if not ids:
        raise Invalid("Choose scenarios.")
    return {"scenario_ids": ids}


@errors.action
def start() -> None:
    new = _new()
    with guard.work() as (session, actor):
        ab_test_id = ab_tests.create(session, new, actor=actor).id
        ab_tests.run(session, ab_test_id, actor=actor)
    state.forget(NAME, DESCRIPTION, SCENARIOS, *map(_name_key, VariantId))
    judge_fields.forget()
    run_fields.forget(AT)
    address.show(ab_test_id)
    state.toast("A/B test started")


@errors.action
def estimate() -> None:
    new = _new()
    with guard.work() as (session, actor):
        run_fields.show_estimate(AT, ab_tests.estimate(session, new, actor=actor))
