"""Admins see quotas and their use; people who call models see those that apply to them."""

from core.identity.schemas import Role, SessionKind
from core.platform.config import config
from core.quotas.schemas import RateLimitKind
from core.quotas.service.rate_limits import count_call
from tests.factories.executions import executed
from tests.factories.identity import person
from tests.factories.quotas import quota, used
from tests.pages.conftest import SETTINGS, YOU, Console, said, toasts


def test_quotas_are_listed_with_their_use_and_removed(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    made = quota(20, "cost")
    quota(1_000, "tokens", scope="role", role=Role.ADMIN, only_observes=True)
    app = console(boss, SETTINGS)
    app.button_group[0].set_value("Quotas").run()
    shown = said(app)
    assert "**Workspace**\u2002$20.00 per day" in shown
    assert "**Each admin**\u20021,000 tokens per day :gray-badge[Only observes]" in shown
    app.button(key=f"quotas.delete-{made.id}").click().run()
    assert "Remove this quota?" in str(app.main) or app.button(key="quotas.confirm")


def test_the_quota_of_a_role_names_the_account_that_used_most(console: Console) -> None:
    boss, most = person(kind=SessionKind.BROWSER), person()
    quota(9, scope="role", role=Role.ADMIN)
    for one, times in ((boss, 1), (most, 2)):
        for _ in range(times):
            executed(one.actor)
    app = console(boss, SETTINGS)
    app.button_group[0].set_value("Quotas").run()
    [use] = [each.proto.text for each in app.get("progress")]
    assert f"today by {most.actor.email}, the most of any account" in use.replace("\\", "")


def test_a_quota_of_less_than_a_cent_is_shown_as_it_is_and_can_be_edited(console: Console) -> None:
    made = quota("0.005", "cost")
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Quotas").run()
    app.button(key=f"quotas.edit-{made.id}").click().run()
    assert "Something went wrong" not in said(app)
    field = app.number_input(key="quotas.limit-cost")
    assert (field.value, field.proto.format) == (0.005, "%.3f")


def test_a_limit_of_cents_is_shown_as_it_was_entered(console: Console) -> None:
    quota("0.01", "cost")
    one = person(kind=SessionKind.BROWSER)
    assert "Workspace: $0.01 per day" in said(console(one, YOU))
    app = console(one, SETTINGS)
    app.button_group[0].set_value("Quotas").run()
    assert "$0.01 per day" in said(app)


def test_without_quotas_it_says_what_they_are_for(console: Console) -> None:
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Quotas").run()
    assert "No quotas yet" in said(app)


def test_the_own_account_shows_the_quotas_that_apply(console: Console) -> None:
    one = person(kind=SessionKind.BROWSER)
    quota(40)
    quota(3, scope="account", account_id=person().actor.id)
    app = console(one, YOU)
    assert "Workspace: 40 calls per day" in said(app)
    assert "You: 3 calls per day" not in said(app)
    assert used(one.actor) == (0, 0)


def test_who_may_call_no_models_sees_no_limits(console: Console) -> None:
    quota(40)
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), YOU)
    assert "quotas on your model calls" not in said(app)
    assert toasts(app) == []


def test_the_own_account_shows_the_limits_of_its_calls_of_the_api(console: Console) -> None:
    one = person(kind=SessionKind.BROWSER)
    for _ in range(3):
        count_call(RateLimitKind.STREAMING, one.actor.id)
    app = console(one, YOU)
    shown, bars = said(app), [each.proto.text for each in app.get("progress")]
    settings = config()
    assert f"API calls: {settings.rate_limit_standard:,} per minute" in shown
    assert f"Streamed answers: {settings.rate_limit_streaming:,} per minute" in shown
    assert f"Started evaluations: {settings.rate_limit_evaluation:,} per minute" in shown
    assert [bar for bar in bars if "3 in the current minute" in bar]
