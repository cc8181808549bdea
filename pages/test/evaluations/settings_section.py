"""What an evaluation ran, and its exports."""

import json
from uuid import UUID

import streamlit as st

from core.datasets.queries.datasets import names_of
from core.evaluations.queries import results
from core.evaluations.views import EvaluationView
from core.presentation import formatting
from core.services.queries import list_all
from pages._ui import frame, guard, text

EXPORTS = {"CSV": "csv", "JSON lines": "jsonl", "Markdown report": "markdown"}


def draw(found: EvaluationView) -> None:
    frame.section("Export")
    with st.container(horizontal=True, gap="small"):
        for label, name in EXPORTS.items():
            frame.csv_link(f"/api/v1/evaluation/{found.id}/export?format={name}", label)
    draw_left_out_texts(found.id)
    with guard.work() as (session, _):
        services = {each.id: each.name for each in list_all(session)}
    frame.section("Targets")
    for target in found.definition_targets:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{text.plain(text.one_line(target.title))}**")
            facts = {
                "Model": target.model_id,
                "Service": services.get(target.service_id, "Removed")
                if target.service_id
                else None,
                "App": target.app,
                "Release": target.release,
                "Prompt": f"{target.prompt_name}@{target.prompt_version}"
                if target.prompt_name
                else None,
                "Bot version": str(target.bot_version) if target.bot_version else None,
                "Parameters": ", ".join(
                    f"{name} {value}" for name, value in target.parameters.set_values().items()
                ),
            }
            frame.facts(facts)
            if target.prompt:
                st.code(target.prompt, language=None, wrap_lines=True)
    frame.section("Scorers", _threshold(found))
    if found.scorers:
        _draw_json(found.scorers)
    else:
        st.caption("Each case is scored by its own scorers only.")
    if found.personality_judge_id is not None:
        st.caption(text.plain(f"How answers sound is judged by {found.personality_judge_id}"))
    frame.section("Manifest", "versions, parameters, prices and seeds when it began")
    _draw_json(found.manifest.model_dump(mode="json"))
    if found.cost_limit_usd is not None:
        st.caption(text.plain(f"Cost limit {formatting.money(found.cost_limit_usd)}"))


def cases_of(found: EvaluationView) -> str:
    """Return how many cases there are, and of which dataset."""
    cases = formatting.count(found.cases, "case")
    name = dataset_name(found.dataset_id, found.dataset_version)
    return f"{cases} of {name}" if name else cases


def dataset_name(dataset_id: UUID | None, version: int | None) -> str | None:
    """Return the name of a dataset and its version, or None where the account sees none."""
    if dataset_id is None:
        return None
    with guard.work() as (session, actor):
        name = names_of(session, [dataset_id], actor=actor).get(dataset_id)
    if name is None:
        return None
    return f"“{text.one_line(name)}”" + (f", version {version}" if version else "")


def draw_left_out_texts(evaluation_id: UUID) -> None:
    """Say that exports leave texts of users out, where they do."""
    with guard.work() as (session, actor):
        has_withheld = results.has_withheld_texts(session, evaluation_id, actor=actor)
    if has_withheld:
        st.caption(
            "Texts that may come from users are left out; only super admins can export them."
        )


def _draw_json(value: object) -> None:
    st.code(json.dumps(value, indent=2, ensure_ascii=False), language="json", wrap_lines=True)


def _threshold(found: EvaluationView) -> str:
    if found.threshold is None:
        return "a run passes when every scorer passes"
    return f"a run passes at a weighted mean of {found.threshold:g}"
