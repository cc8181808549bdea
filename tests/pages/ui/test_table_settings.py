"""Columns that an account hides stay hidden, and rows as low as it wants them: in every tab."""

from datetime import timedelta

import pytest
from streamlit.proto.Dataframe_pb2 import Dataframe as DataframeProto
from streamlit.testing.v1 import AppTest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories.activity import event, fold, spaced, store
from tests.factories.identity import Person, person
from tests.pages.conftest import ONBOARDING, USERS, Console

COLUMNS, DENSITY = "tables.users.columns", "tables.users.density"


@pytest.fixture
def analyst(runner: object) -> Person:
    store([event("a", user_id="ada"), event("a", user_id="grace")])
    return person(Role.ANALYST, kind=SessionKind.BROWSER)


def opened(console: Console, one: Person) -> AppTest:
    app = console(one, USERS).run()
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [str(each) for each in app.dataframe[0].value.columns]


def height(app: AppTest) -> int:
    proto = app.dataframe[0].proto
    assert isinstance(proto, DataframeProto)
    return proto.row_height


def test_a_column_that_is_hidden_stays_so_in_another_tab(console: Console, analyst: Person) -> None:
    app = opened(console, analyst)
    everything = labels(app)
    app.pills(key=COLUMNS).set_value(everything[:2]).run()
    assert labels(app) == everything[:2]
    assert labels(opened(console, analyst)) == everything[:2]
    other = person(Role.ANALYST, kind=SessionKind.BROWSER)
    assert labels(opened(console, other)) == everything


def test_the_first_column_cannot_be_hidden(console: Console, analyst: Person) -> None:
    app = opened(console, analyst)
    first = labels(app)[0]
    app.pills(key=COLUMNS).set_value([]).run()
    assert labels(app) == [first]


def test_rows_are_as_low_as_the_account_wants_them(console: Console, analyst: Person) -> None:
    app = opened(console, analyst)
    before = height(app)
    app.toggle(key=DENSITY).set_value(True).run()
    assert height(app) < before
    assert height(opened(console, analyst)) < before


def test_a_column_hidden_in_one_list_of_users_stays_in_another_one(
    console: Console, analyst: Person
) -> None:
    # Kept by what a row is, it was hidden in every list of users
    store(spaced(STEPS[:1], user="ann", start=clock.now() - timedelta(hours=3)))
    fold()
    users = opened(console, analyst)
    kept = [label for label in labels(users) if label != "Last seen"]
    users.pills(key=COLUMNS).set_value(kept).run()
    assert labels(users) == kept
    drop_offs = console(analyst, ONBOARDING)
    drop_offs.query_params["step"] = "1"
    drop_offs.run()
    assert not drop_offs.exception
    assert any({"Last seen", "Last error"} <= set(each.value) for each in drop_offs.dataframe)


def test_a_choice_in_one_tab_keeps_what_another_tab_has_chosen(
    console: Console, analyst: Person
) -> None:
    # Each tab wrote back all that it had read when it was opened
    one, other = opened(console, analyst), opened(console, analyst)
    low = height(other)
    kept = labels(one)[:2]
    one.pills(key=COLUMNS).set_value(kept).run()
    other.toggle(key=DENSITY).set_value(True).run()
    assert labels(other) == other.pills(key=COLUMNS).value == kept
    third = opened(console, analyst)
    assert labels(third) == kept
    assert height(third) < low
    one.pills(key=COLUMNS).set_value(kept[:1]).run()
    assert height(one) < low
