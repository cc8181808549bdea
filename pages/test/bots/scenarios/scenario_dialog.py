"""The dialog that creates or changes a scenario."""

from collections.abc import Sequence

import streamlit as st
from pydantic import ValidationError

from core.bots.result_schemas import NewScenario, ScenarioChange, ScenarioView
from core.bots.service import scenarios
from core.errors import Invalid
from pages._ui import dialogs, guard, state

NAME, DESCRIPTION, GOAL, MESSAGES, OUTCOMES, ACTIVE = (
    f"bots.scenario.{name}"
    for name in ("name", "description", "goal", "messages", "outcomes", "active")
)
RULES = (
    "One per line. A judge checks a description such as “friendly”; a rule is "
    "`contains: words`, `does not contain: words` or `matches: pattern`."
)


def open_new() -> None:
    _open("New scenario", "Create scenario", None)


def open_change(scenario: ScenarioView) -> None:
    _open("Edit scenario", "Save scenario", scenario)


def fill(present: ScenarioView | None) -> None:
    """Fill the fields."""
    state.put(NAME, present.name if present else "")
    state.put(DESCRIPTION, present.description if present else "")
    state.put(GOAL, present.goal if present else "")
    state.put(MESSAGES, "\n".join(present.user_messages) if present else "")
    state.put(OUTCOMES, "\n".join(present.expected_outcomes) if present else "")
    state.put(ACTIVE, present.is_active if present else True)


def read(present: ScenarioView | None) -> dict[str, object]:
    """Return what the fields hold, as a new scenario or a change of one."""
    messages = present.user_messages if present else ()
    outcomes = present.expected_outcomes if present else ()
    return {
        "name": state.get(NAME, ""),
        "description": state.get(DESCRIPTION, ""),
        "goal": state.get(GOAL, ""),
        "user_messages": _lines(state.get(MESSAGES, ""), messages),
        "expected_outcomes": _lines(state.get(OUTCOMES, ""), outcomes),
    }


def _open(title: str, label: str, present: ScenarioView | None) -> None:
    fill(present)

    @st.dialog(title)
    def form() -> None:
        st.text_input("Name", key=NAME, max_chars=200)
        st.text_area("Description", key=DESCRIPTION, height=70, max_chars=2000)
        st.text_area("Messages of the user", key=MESSAGES, height=120, help="One per line.")
        st.text_area("Expected outcomes", key=OUTCOMES, height=100, help=RULES)
        st.text_area("Goal of a simulated user", key=GOAL, height=70, max_chars=2000)
        if present is not None:
            st.toggle("Part of Run all", key=ACTIVE)
        dialogs.submit(label, lambda: save(present), key="bots.scenario.form")

    form()


def save(present: ScenarioView | None) -> None:
    """Create a scenario, or change one."""
    given = read(present)
    try:
        new = NewScenario.model_validate(given)
    except ValidationError as error:
        raise Invalid(_problem_text(error)) from None
    with guard.work() as (session, actor):
        if present is None:
            scenarios.create_scenario(session, new, actor=actor)
        else:
            change = ScenarioChange.model_validate(given | {"is_active": state.get(ACTIVE, True)})
            scenarios.change_scenario(session, present.id, change, actor=actor)
    state.toast("Scenario saved")


def _lines(entered: str, stored: Sequence[str]) -> list[str]:
    # The API takes texts with line ends: what was not edited stays as it is stored
    if entered == "\n".join(stored):
        return list(stored)
    return [line.strip() for line in entered.splitlines() if line.strip()]


def _problem_text(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "value_error":
        # Of our validators, which say what to do; pydantic's own messages name fields of the API
        return str(first["msg"]).removeprefix("Value error, ")
    return "Enter a name and at least one message; at most 20 messages and 10 outcomes."
