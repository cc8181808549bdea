"""What the gate of a label says of the version that the label would move to."""

import streamlit as st

from core.promotions import queries as gates
from core.promotions.errors import GateMissing
from core.promotions.schemas import GateCheck, GateVerdict
from core.prompts.views import LabelView, PromptView
from pages._ui import guard, links, text
from pages.test.prompts.labels import reasons


def find(prompt: PromptView, present: LabelView | None, version: int) -> GateCheck | None:
    """Return what the label's gate says of a version; None where it has no gate."""
    # A label that is new, or stays where it is, passes no gate
    if present is None or present.version == version:
        return None
    try:
        with guard.work() as (session, actor):
            run = gates.check_version(session, prompt.id, present.name, version, actor=actor)
    except GateMissing:
        return None
    return run.check


def draw(prompt: PromptView, check: GateCheck, reason_key: str) -> None:
    """Say what the gate says, and draw what leads through it or, with a reason, past it."""
    is_passed = check.verdict is GateVerdict.PASSED
    show, icon = (st.success, "check") if is_passed else (st.warning, "lock")
    show(text.plain(text.one_line(check.words)), icon=f":material/{icon}:")
    with st.container(horizontal=True, gap="small"):
        if check.evaluation is not None and check.evaluation.is_own:
            links.draw(
                "evaluations",
                "Open evaluation",
                icon="fact_check",
                evaluation=str(check.evaluation.id),
            )
        if not is_passed and check.to_run is not None:
            links.draw(
                "evaluations",
                "Run the evaluation",
                icon="play_arrow",
                **{"new": "1", "gate": check.label, "template": str(prompt.id)},
                version=str(check.version),
            )
    if not is_passed:
        reasons.draw_field(reason_key, "Reason to move without passing")
