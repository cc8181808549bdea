"""Admins set up production scoring, and see which judges to trust."""

import pytest

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import SessionKind
from core.platform import clock
from core.scoring.schemas import JudgeScorer
from core.scoring.settings import ProductionScoring
from tests.factories.conversations import conversation, stored
from tests.factories.history import scored
from tests.factories.identity import person
from tests.pages.conftest import SETTINGS, Console, said, toasts

RULES = "- kind: contains\n  name: polite\n  values: [please]\n"


def kept() -> ProductionScoring:
    with transaction() as core:
        return settings.read(core, ProductionScoring)


def test_a_judge_and_rules_are_saved_and_shown_again(console: Console) -> None:
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Scoring").run()
    app.toggle(key="scoring.is_active").set_value(True)
    app.text_area(key="scoring.rubric").set_value("It helps.")
    app.text_area(key="scoring.rules").set_value(RULES)
    app.number_input(key="scoring.budget").set_value(2.5)
    app.button(key="scoring.save").click().run()
    assert toasts(app) == ["Scoring saved"]
    found = kept()
    judge, rule = found.scorers
    assert isinstance(judge, JudgeScorer)
    assert (judge.name, judge.rubric, judge.judge_model_id) == ("quality", "It helps.", None)
    assert (rule.name, str(found.daily_budget_usd), found.is_active) == ("polite", "2.5", True)
    again = console(person(kind=SessionKind.BROWSER), SETTINGS)
    again.button_group[0].set_value("Scoring").run()
    assert "name: polite" in (again.text_area(key="scoring.rules").value or "")
    assert again.text_area(key="scoring.rubric").value == "It helps."


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("polite", "Rules must be a YAML list."),
        ("- kind: regex\n  pattern: (", "Invalid RE2 pattern"),
        ("- kind: exact", "needs a value"),
        ("- &a {kind: contains}\n- *a", "Rules must be a YAML list."),
    ],
)
def test_rules_that_cannot_be_used_are_refused_in_words(
    console: Console, rules: str, words: str
) -> None:
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Scoring").run()
    app.text_area(key="scoring.rules").set_value(rules)
    app.button(key="scoring.save").click().run()
    assert words in " ".join(toasts(app))
    assert kept() == ProductionScoring()


def test_a_judge_without_annotations_says_that_it_is_not_checked(console: Console) -> None:
    stored(conversation("c"))
    scored("c", 1, clock.now(), message_id="m1", source="judge", evaluator="openai:gpt-5")
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Scoring").run()
    assert "Not yet checked against people" in said(app)
