"""Settings, accounts and the own account, without a browser."""

from core.database import settings
from core.database.db import transaction
from core.identity import queries
from core.identity.schemas import Role, SessionKind
from core.identity.service import sign_in
from core.platform import crypto
from core.system import workspace
from tests.factories.identity import CALLER, PASSWORD, person
from tests.pages.conftest import ACCOUNTS, SETTINGS, YOU, Console, said, toasts


def test_what_is_saved_holds(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    app = console(boss, SETTINGS)
    app.text_area[0].set_value("You are a gardener.")
    app.number_input(key="workspace.stuck").set_value(5)
    app.number_input(key="workspace.cached").set_value(15)
    app.checkbox(key="workspace.analysts").set_value(True)
    next(button for button in app.button if button.label == "Save").click().run()
    assert toasts(app) == ["Settings saved"]
    with transaction() as session:
        found = workspace.read(session, actor=boss.actor)
    assert (found.default_prompt, found.stuck_after_days, found.answer_cache_minutes) == (
        "You are a gardener.",
        5,
        15,
    )
    assert found.analysts_read_messages


def test_who_changes_the_time_zone_is_told_that_days_are_being_recomputed(
    console: Console,
) -> None:
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.selectbox(key="workspace.zone").set_value("Europe/Vienna")
    next(button for button in app.button if button.label == "Save").click().run()
    assert toasts(app) == [
        "Settings saved. Days are being recomputed; users by day are incomplete until then."
    ]


def test_a_super_admin_says_how_long_rows_are_kept_and_sees_what_would_go(console: Console) -> None:
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Retention").run()
    app.number_input(key="retention.event_days").set_value(45)
    next(button for button in app.button if button.label == "Save").click().run()
    assert toasts(app) == ["Retention saved"]
    with transaction() as session:
        assert settings.read(session, settings.Retention) == settings.Retention(event_days=45)
    next(button for button in app.button if button.label == "Preview expired rows").click().run()
    assert "No expired rows." in said(app)
    assert "Counted by the saved days" in said(app)
    # Below the button that deletes, which stays where it is: the pointer is about to press it.
    drawn = [str(getattr(each, "label", "") or getattr(each, "value", "")) for each in app.main]
    assert drawn.index("No expired rows.") > drawn.index("Permanently delete expired rows")


def test_an_admin_deletes_what_is_over_and_changes_no_retention(console: Console) -> None:
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Retention").run()
    assert not app.number_input
    app.checkbox(key="retention.sure").check().run()
    next(button for button in app.button if button.label == "Delete expired rows").click().run()
    assert toasts(app) == ["0 rows deleted"]


def test_the_providers_say_how_they_are_and_show_no_key(console: Console) -> None:
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.button_group[0].set_value("Providers").run()
    assert "**fake**\u2002:gray-badge[Untested]" in said(app)
    app.button(key="test-fake").click().run()
    assert "**fake**\u2002:green-badge[Working]" in said(app)


def test_only_a_super_admin_sees_accounts_and_invites(console: Console) -> None:
    theirs = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), ACCOUNTS)
    assert theirs.button_group[0].options == ["Accounts", "Audit"]
    assert [button.label for button in theirs.button if button.label == "Invite account"]
    admins = console(person(Role.ADMIN, kind=SessionKind.BROWSER), ACCOUNTS)
    assert admins.button_group[0].options == ["Audit"]
    assert not [button.label for button in admins.button if button.label == "Invite account"]


def test_the_audit_log_is_filtered_and_says_what_changed(console: Console) -> None:
    owner = person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)
    app = console(owner, SETTINGS)
    app.number_input(key="workspace.stuck").set_value(9)
    next(button for button in app.button if button.label == "Save").click().run()
    app = console(owner, ACCOUNTS)
    app.button_group[0].set_value("Audit").run()
    app.text_input(key="action").set_value("workspace.change").run()
    [row] = app.dataframe[0].value.to_dict("records")
    assert row["Actor"] == owner.actor.email
    assert "→ 9" in row["Details"]
    app.text_input(key="action").set_value("nothing.of.the.kind").run()
    assert "No entries match these filters" in said(app)


def test_another_session_of_ones_own_can_be_ended(console: Console) -> None:
    here = person(kind=SessionKind.BROWSER)
    elsewhere = sign_in.try_sign_in(
        here.actor.email, PASSWORD, SessionKind.BROWSER, CALLER
    ).signed_in
    assert elsewhere is not None
    app = console(here, YOU)
    [end] = [
        button
        for button in app.button
        if button.label == "Sign out" and button.key != "console.sign_out"
    ]
    end.click().run()
    assert toasts(app) == ["Session ended"]
    assert not [
        button
        for button in app.button
        if button.label == "Sign out" and button.key != "console.sign_out"
    ]
    with transaction() as session:
        assert queries.find_actor(session, crypto.fingerprint(elsewhere.token), CALLER) is None


def test_a_wrong_present_password_changes_nothing(console: Console) -> None:
    one = person(kind=SessionKind.BROWSER)
    app = console(one, YOU)
    for field, value in zip(
        app.text_input, ("not my password", "another password", "another password"), strict=True
    ):
        field.set_value(value)
    app.button(key="FormSubmitter:you.password-Change password").click().run()
    assert toasts(app) == ["The current password is wrong."]
    with transaction() as session:
        before = queries.get_account(session, one.actor.id).password_hash
    for field, value in zip(app.text_input, (PASSWORD, "short", "short"), strict=True):
        field.set_value(value)
    app.button(key="FormSubmitter:you.password-Change password").click().run()
    assert "12 to 72 characters" in toasts(app)[0]
    with transaction() as session:
        assert queries.get_account(session, one.actor.id).password_hash == before
