"""Settings, Scoring: which production messages are scored, by what, and for how much."""

from decimal import Decimal

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.presentation import formatting
from core.providers import catalogue
from core.scoring import settings
from core.scoring.model_access import find_default_judge
from core.scoring.settings import ProductionScoring, ProductionScoringView
from pages._ui import errors, frame, guard, state, text
from pages.system.settings.cards import WIDTH_PX
from pages.system.settings.scoring import judge_cards, scorer_form
from pages.system.settings.scoring.scorer_form import key


def draw() -> None:
    with guard.work() as (core, actor):
        present = settings.read(core, actor=actor)
        models = [model.id for model in catalogue.list_models(core)]
        default = find_default_judge(core)
    loaded = state.loaded(key("is_active"), present)
    frame.section("Production scoring", "scores appear in AI metrics")
    # No form: a judge that is unfit is named as soon as it is selected
    with st.container(border=True, width=WIDTH_PX):
        st.toggle("Score production messages", present.is_active, key=key("is_active"))
        _draw_limits(present)
        scorer_form.draw_judge(scorer_form.find_judge(present), models, default)
        scorer_form.draw_rules(present)
        _draw_today(present)
        st.button("Save", type="primary", key=key("save"), on_click=save, args=(loaded,))
    judge_cards.draw()


def _draw_limits(present: ProductionScoringView) -> None:
    left, right = st.columns(2)
    left.number_input(
        "Sample (% of answers)",
        min_value=0.0,
        max_value=100.0,
        value=round(present.sample_share * 100, 4),
        step=1.0,
        format="%g",
        key=key("share"),
    )
    right.number_input(
        "Daily budget (USD)",
        min_value=0.0,
        max_value=999_999.0,
        value=float(present.daily_budget_usd),
        step=1.0,
        key=key("budget"),
        help="Of calls to judges and embeddings, by UTC day. Rules cost nothing.",
    )
    left, right = st.columns(2)  # a row of its own: on a phone, columns are below one another
    left.text_input("Environment", present.environment, key=key("environment"), max_chars=200)
    right.number_input(
        "Review answers with a score below",
        min_value=0.0,
        max_value=1.0,
        value=present.review_below or 0.0,
        step=0.05,
        key=key("below"),
        help="They join the review queue. 0 turns this off.",
    )


def _draw_today(present: ProductionScoringView) -> None:
    messages = formatting.count(present.messages_today, "message")
    words = f"Today (UTC): {messages} scored for {formatting.money(present.spent_today_usd)}"
    if present.skipped_today:
        words += f" · {formatting.count(present.skipped_today, 'score')} skipped"
    if present.problem:
        words += f" · {present.problem}"
    st.caption(text.plain(words))


@errors.action
def save(loaded: ProductionScoring) -> None:
    try:
        scorers = scorer_form.entered()
        given = ProductionScoring.model_validate(
            {
                "is_active": state.get(key("is_active"), False),
                "sample_share": round(state.get(key("share"), 0.0) / 100, 6),
                "daily_budget_usd": Decimal(str(state.get(key("budget"), 0.0))),
                "environment": state.get(key("environment"), "").strip(),
                "review_below": state.get(key("below"), 0.0) or None,
                "scorers": scorers,
            }
        )
    except ValidationError as refused:
        first = refused.errors()[0]
        place = " ".join(str(part) for part in first["loc"][:4])
        state.problem(f"{place}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": "))
        return
    except Invalid as refused:
        state.problem(f"Rules must be a YAML list. {refused.detail}")
        return
    with guard.work() as (core, actor):
        changed = settings.change(core, given, actor=actor, loaded=loaded)
    state.put_loaded(key("is_active"), changed)
    state.toast("Scoring saved")
