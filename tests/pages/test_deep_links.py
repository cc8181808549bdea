"""A link to a row opens it, on whichever page of its list it is."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from core.activity.queries.funnels.funnel import STEPS
from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.platform.ids import new_id
from pages.watch.users import user_list
from tests.factories import activity
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.factories.reviews import annotated
from tests.pages.conftest import ONBOARDING, TUNING, USERS, Console, said

DAY = timedelta(days=1)


def opened(console: Console, page: str, **query: str) -> AppTest:
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), page)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_a_user_of_the_second_page_is_opened_by_their_link(console: Console) -> None:
    now = clock.now()
    activity.store(
        activity.event("app.opened", now - number * DAY / 100, user_id=f"user-{number}")
        for number in range(30)
    )
    with transaction() as session:
        last = session.scalar(text("select id from users where external_id = 'user-29'"))
    app = opened(console, USERS, row=str(last))
    assert "user-29" not in str(app.dataframe[0].value)
    assert "user-29" in said(app)


def test_an_annotation_of_another_period_is_opened_by_its_link(console: Console) -> None:
    stored(conversation(messages=4))
    old = annotated("m1", content="said long ago", created_at=clock.now() - 60 * DAY)
    annotated("m3", content="said today", created_at=clock.now())
    app = opened(console, TUNING, view="annotations", row=str(old))
    assert "said long ago" in said(app)


def test_a_deleted_annotation_is_said_to_be_gone(console: Console) -> None:
    stored(conversation(messages=4))
    annotated("m1", created_at=clock.now())
    app = opened(console, TUNING, view="annotations", row=str(new_id()))
    assert "Annotation not found" in said(app)


def test_a_number_in_an_address_may_have_any_length(console: Console) -> None:
    for page, name in ((USERS, "step"), (ONBOARDING, "window_days")):
        assert "Something went wrong" not in said(opened(console, page, **{name: "9" * 5000}))


def test_users_are_listed_while_the_funnel_gets_fewer_steps(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity.store(activity.spaced(STEPS, user="ann", start=clock.now() - DAY))
    monkeypatch.setattr(user_list, "_titles", lambda _: ["Signed up"])
    users = next(table.value for table in opened(console, USERS).dataframe)
    assert (list(users["User"]), list(users["Last step"])) == (["ann"], [None])
