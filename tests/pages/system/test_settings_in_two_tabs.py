"""Settings that were changed in another tab are not overwritten by a form opened before."""

from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.activity.service import saved_funnels
from core.annotations import settings as review
from core.database.db import transaction
from core.database.settings import Retention, SettingsChanged
from core.identity.schemas import Role, SessionKind
from core.ingest.redaction import Mode, Redaction
from core.providers.provider_schemas import NewProvider, ProviderChange
from core.providers.schemas import ProviderKind
from core.providers.service import providers
from core.quotas.schemas import QuotaChange
from core.quotas.service.quotas import change_quota
from core.scoring import settings as scoring
from core.services import service
from core.services.schemas import NewService, ServiceChange
from core.system import redaction, workspace
from core.system.service import retention
from tests.factories.identity import Person, person
from tests.factories.quotas import quota
from tests.pages.conftest import SETTINGS, Console, as_read, toasts

SECTIONS = {
    "Workspace": (workspace, workspace.WorkspaceSettings(stuck_after_days=9)),
    "Redaction": (redaction, Redaction(mode=Mode.HASH)),
    "Retention": (retention, Retention(feedback_days=9)),
    "Review": (review, review.ReviewSettings(lease_minutes=9)),
    "Scoring": (scoring, scoring.ProductionScoring(sample_share=0.09)),
}
REFUSED = "Someone changed these settings in the meantime."


@pytest.fixture
def boss() -> Person:
    return person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, boss: Person, section: str) -> AppTest:
    return console(boss, SETTINGS).button_group[0].set_value(section).run()


def save(app: AppTest) -> AppTest:
    return next(button for button in app.button if button.label == "Save").click().run()


@pytest.mark.parametrize("section", SECTIONS)
def test_a_form_opened_before_another_change_is_refused(
    console: Console, boss: Person, section: str
) -> None:
    module: Any = SECTIONS[section][0]
    app = opened(console, boss, section)
    with transaction() as session:
        changed = module.change(session, SECTIONS[section][1], actor=boss.actor)
    # A rerun reads the new settings, but the fields keep what they were filled with
    app.run()
    assert REFUSED in " ".join(toasts(save(app)))
    with transaction() as session:
        assert module.read(session, actor=boss.actor) == changed


@pytest.mark.parametrize("section", SECTIONS)
def test_a_form_can_be_saved_several_times(console: Console, boss: Person, section: str) -> None:
    app = opened(console, boss, section)
    assert REFUSED not in " ".join(toasts(save(app)))
    assert REFUSED not in " ".join(toasts(save(app)))


def test_a_form_opened_anew_shows_and_saves_what_was_changed(
    console: Console, boss: Person
) -> None:
    app = opened(console, boss, "Review")
    with transaction() as session:
        review.change(session, review.ReviewSettings(lease_minutes=9), actor=boss.actor)
    app.button_group[0].set_value("Redaction").run()
    app.button_group[0].set_value("Review").run()
    assert app.number_input(key="review_settings.lease_minutes").value == 9
    assert toasts(save(app)) == ["Review settings saved"]


def test_a_quota_changed_by_another_is_kept(boss: Person) -> None:
    # A save stores all fields of its form, also those that another tab has changed since
    shown = quota(20, "cost")
    with transaction() as session:
        change_quota(session, shown.id, QuotaChange(limit=Decimal(9)), actor=boss.actor)
    given = QuotaChange(limit=Decimal(20), only_observes=True)
    with pytest.raises(SettingsChanged), transaction() as session:
        change_quota(session, shown.id, given, actor=boss.actor, loaded=shown)


def test_a_service_changed_by_another_is_kept(boss: Person) -> None:
    new = NewService(name="Bot", chat_url="http://127.0.0.1:9/chat", token="t")
    with transaction() as session:
        shown = service.add(session, new, actor=boss.actor)
        service.change(session, shown.id, ServiceChange(production=True), actor=boss.actor)
    given = ServiceChange(name="Robot", production=False, token="u")
    with pytest.raises(SettingsChanged), transaction() as session:
        service.change(session, shown.id, given, actor=boss.actor, loaded=shown)


def test_a_provider_changed_by_another_is_kept(boss: Person) -> None:
    new = NewProvider(name="lab", kind=ProviderKind.OPENAI, base_url="http://127.0.0.1:9/v1")
    with transaction() as session:
        shown = providers.add(session, new, actor=boss.actor)
        assert shown.id is not None
        limited = ProviderChange(max_concurrent=9)
        providers.change(session, shown.id, limited, actor=boss.actor)
    given = ProviderChange(base_url=shown.base_url, max_concurrent=None, secret="s")
    with pytest.raises(SettingsChanged), transaction() as session:
        providers.change(session, shown.id, given, actor=boss.actor, loaded=shown)


def test_a_funnel_saved_by_another_is_kept(console: Console, boss: Person) -> None:
    app = opened(console, boss, "Onboarding")
    with transaction() as session:
        first = saved_funnels.list_funnels(session, actor=boss.actor)[0]
        changed = saved_funnels.definition_of(
            first.name, saved_funnels.funnel_from(first), is_workspace=True
        ).model_copy(update={"window_days": first.window_days + 1})
        saved_funnels.change_funnel(session, first.id, changed, actor=boss.actor)
    app.button(key="funnel_settings.save").click().run()
    assert REFUSED in as_read(app.error[0].value)
    with transaction() as session:
        now = saved_funnels.list_funnels(session, actor=boss.actor)[0]
    assert now.window_days == first.window_days + 1
