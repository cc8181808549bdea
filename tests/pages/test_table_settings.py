"""Columns that an account hides stay hidden, and rows as low as it wants them: in every tab."""

import pytest
from streamlit.proto.Dataframe_pb2 import Dataframe as DataframeProto
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from tests.factories.activity import event, store
from tests.factories.identity import Person, person
from tests.pages.conftest import USERS, Console

COLUMNS, DENSITY = "tables.user.columns", "tables.user.density"


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
