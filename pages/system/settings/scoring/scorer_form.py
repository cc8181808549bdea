"""The judge and the rules of production scoring, as people enter them."""

from typing import Any

import streamlit as st

from core.errors import Invalid
from core.prompts import yaml_files
from core.scoring import settings
from core.scoring.model_access import unfit_judge_reason
from core.scoring.schemas import JudgeScorer
from core.scoring.settings import ProductionScoring
from pages._ui import guard, state

DEFAULT = "Default model"
NO_MODEL = "none is available"
RULES_EXAMPLE = """\
- kind: contains
  name: no apology
  values: [sorry]
  negate: true"""
HELP_OF_RULES = (
    "YAML, as in the API: contains, exact, regex, json_schema, numeric, similarity, tool_called, "
    "latency, cost, further judges, and all or any of those in `scorers`."
)


def find_judge(present: ProductionScoring) -> JudgeScorer | None:
    """Return the judge that has fields of its own: the first."""
    return next((each for each in present.scorers if isinstance(each, JudgeScorer)), None)


def draw_judge(judge: JudgeScorer | None, models: list[str], default: str | None) -> None:
    chosen = judge.judge_model_id if judge else None
    options = [DEFAULT, *models, *([chosen] if chosen and chosen not in models else [])]
    left, right = st.columns(2)
    model = left.selectbox(
        "Judge model",
        options,
        key=key("model"),
        index=options.index(chosen or DEFAULT),
        format_func=lambda each: f"{DEFAULT}: {default or NO_MODEL}" if each == DEFAULT else each,
    )
    right.text_input(
        "Name of its scores", (judge and judge.name) or "quality", key=key("name"), max_chars=100
    )
    if reason := unfit_judge_reason(default if model == DEFAULT else model):
        st.warning(reason, icon=":material/warning:")
    st.text_area(
        "Rubric",
        judge.rubric if judge else "",
        key=key("rubric"),
        height=120,
        max_chars=10_000,
        placeholder="The answer solves what the user asked, and claims nothing that is not known.",
        help="What a good answer is. Without a rubric there is no judge.",
    )


def draw_rules(present: ProductionScoring) -> None:
    """Draw all other scorers, as YAML."""
    st.text_area(
        "Rules and further scorers",
        _rules_of(present),
        key=key("rules"),
        height=160,
        placeholder=RULES_EXAMPLE,
        help=HELP_OF_RULES,
    )


def entered() -> list[Any]:
    """Return the scorers as they were entered; raise Invalid for what is no list of YAML."""
    return [*_entered_judge(), *_entered_rules()]


def _entered_judge() -> list[dict[str, Any]]:
    rubric, model = state.get(key("rubric"), "").strip(), state.get(key("model"), DEFAULT)
    if not rubric:
        return []
    with guard.work() as (core, actor):
        present = settings.read(core, actor=actor)
    stored = find_judge(present)
    # What the form has no fields for stays
    kept = stored.model_dump(mode="json") if stored else {"kind": "judge"}
    name = state.get(key("name"), "").strip() or None
    changes = {
        "rubric": rubric,
        "name": name,
        "judge_model_id": None if model == DEFAULT else model,
    }
    return [{**kept, **changes}]


def _entered_rules() -> list[Any]:
    written = state.get(key("rules"), "")
    if not written.strip():
        return []
    found = yaml_files.read(f"scorers:\n{written}".encode())["scorers"]
    if not isinstance(found, list):
        raise Invalid("Begin each scorer with “- kind: ”.")
    return found


def _rules_of(present: ProductionScoring) -> str:
    """Return the other scorers as YAML, without fields that have their defaults."""
    judge = find_judge(present)
    rest = [each for each in present.scorers if each is not judge]
    if not rest:
        return ""
    written = [
        {"kind": each.kind, **each.model_dump(mode="json", exclude_defaults=True)} for each in rest
    ]
    return yaml_files.write({"scorers": written}).partition("\n")[2]


def key(name: str) -> str:
    """Return the key of a widget."""
    return f"scoring.{name}"
