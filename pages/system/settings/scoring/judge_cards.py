"""Judges, and how far their verdicts follow those of people."""

import streamlit as st

from core.presentation import formatting
from core.scoring.judge_validation import (
    EstimatedRate,
    JudgeStatus,
    JudgeValidation,
    LengthPreference,
)
from core.scoring.queries import judge_checks
from pages._ui import frame, guard, text
from pages.system.settings.cards import WIDTH_PX

BADGES = {
    JudgeStatus.UNCHECKED: ":gray-badge[Not checked]",
    JudgeStatus.TOO_FEW: ":gray-badge[Too few annotations]",
    JudgeStatus.NO_BETTER_THAN_CHANCE: ":red-badge[No better than chance]",
    JudgeStatus.CHECKED: ":green-badge[Checked]",
}
LENGTHS = {
    LengthPreference.LONGER: "rates longer answers higher than people do",
    LengthPreference.SHORTER: "rates shorter answers higher than people do",
    LengthPreference.NOT_SHOWN: "no preference for a length shown",
}


def draw() -> None:
    with guard.work_on_both() as (core, ai, actor):
        found = judge_checks.list_judges(core, ai, actor=actor)
    frame.section("Judges", "beside annotations of the same messages")
    if not found:
        frame.empty_state(
            "balance",
            "No judges yet",
            "Judges' scores appear here, with how well they agree with people's annotations.",
            width=WIDTH_PX,
        )
    for judge in found:
        _draw(judge)


def _draw(judge: JudgeValidation) -> None:
    model = text.plain(text.one_line(judge.evaluator or "unnamed"))
    version = f" · version {text.plain(judge.evaluator_version)}" if judge.evaluator_version else ""
    with st.container(border=True, width=WIDTH_PX, gap="xsmall"):
        name = text.plain(text.one_line(judge.name))
        st.markdown(f"**{name}**\u2002:gray[{model}{version}]\u2002{BADGES[judge.status]}")
        st.caption(text.plain(_statement(judge)))
        frame.facts(
            {
                "Pass rate": shown(judge.pass_rate),
                "Corrected": shown(judge.corrected_rate),
                "Sensitivity": shown(judge.sensitivity),
                "Specificity": shown(judge.specificity),
                "Cohen's kappa": _kappa(judge.kappa),
                "Same in both orders": shown(judge.position),
                "Length": LENGTHS.get(judge.length.preference),
            }
        )
        if judge.unfit:
            st.warning(judge.unfit, icon=":material/warning:")


def shown(rate: EstimatedRate) -> str | None:
    """Return a rate with its interval and its count, or None when there is none."""
    if rate.value is None:
        return None
    interval = " (too few for an interval)"
    if rate.low is not None:
        low, high = formatting.share(rate.low), formatting.share(rate.high)
        interval = f" (95% interval {low} to {high})"
    return f"{formatting.share(rate.value)}{interval}, n = {rate.n:,}"


def _kappa(kappa: EstimatedRate) -> str | None:
    if kappa.value is None:
        return None
    interval = (
        f" (95% interval {kappa.low:.2f} to {kappa.high:.2f})"
        if kappa.low is not None and kappa.high is not None
        else " (too few for an interval)"
    )
    return f"{kappa.value:.2f}{interval}"


def _statement(judge: JudgeValidation) -> str:
    words = judge.statement[:1].upper() + judge.statement[1:]
    if judge.contradictory:
        answers = formatting.count(judge.contradictory, "answer")
        words += f" · {answers} left out because people disagree"
    return words
