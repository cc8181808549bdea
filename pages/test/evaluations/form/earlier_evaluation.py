"""Fill the form of a new evaluation from an earlier one, as far as it has fields for it."""

from typing import NamedTuple
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.queries import reports, results
from core.evaluations.views import EvaluationView
from pages._ui import guard, state
from pages.test.evaluations import address
from pages.test.evaluations.form import (
    case_fields,
    run_fields,
    scorer_fields,
    target_choices,
    target_fields,
)


class EarlierEvaluation(NamedTuple):
    """An evaluation, with its cases when it has no dataset."""

    found: EvaluationView
    cases: list[EvaluatedCase]


def find() -> EarlierEvaluation | None:
    """Return the evaluation that the address asks to duplicate, or None."""
    try:
        with guard.work() as (session, actor):
            id_ = UUID(st.query_params.get(address.EARLIER, ""))
            found = reports.get_evaluation(session, id_, actor=actor)
            cases = results.read_cases(session, id_) if found.dataset_id is None else []
    except (NotFound, ValueError):
        return None
    return EarlierEvaluation(found, cases)


def fill(earlier: EarlierEvaluation, at: str) -> str:
    """Fill the form with the key `at`, except its name; return what it has no fields for."""
    found = earlier.found
    # The form starts nothing that an app of one's own answers
    targets = [target for target in found.definition_targets if target.app is None]
    state.put(target_fields.COUNT, max(1, len(targets)))
    choices = target_choices.read()
    are_offered = [
        target_fields.fill(f"target {number}", target, choices)
        for number, target in enumerate(targets, 1)
    ]
    if found.dataset_id is not None:
        has_cases = case_fields.fill(found.dataset_id, found.manifest.split)
    else:
        has_cases = case_fields.fill_lines(earlier.cases)
    scorer_fields.fill(found.scorers, found.threshold)
    run_fields.fill(at, found.runs, found.cost_limit_usd)
    # Of a prompt or bot, they may be the version's own, which apply again
    models = [it for it in targets if it.prompt_id is None and it.bot_id is None]
    parts = {
        "own apps": len(targets) < len(found.definition_targets),
        "unavailable prompts, bots, services or models": not all(are_offered),
        "parameters other than the temperature": any(
            target.parameters.set_values().keys() - {"temperature"} for target in models
        ),
        "the judge of how answers sound": found.personality_judge_id is not None,
        "the unavailable dataset": found.dataset_id is not None and not has_cases,
        "questions that are not one line with one expected text": (
            found.dataset_id is None and not has_cases
        ),
    }
    return ", ".join(part for part, is_missing in parts.items() if is_missing)
