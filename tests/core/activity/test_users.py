"""Users as the product sends them: traits are merged, and the newest of each applies, in
any order.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from core.activity.ingest import users
from core.activity.schemas import NewUser
from core.database.db import transaction
from core.ingest.rows import RowSource, key_of

pytestmark = pytest.mark.usefixtures("database")

SOURCE = RowSource(environment="production", zone="UTC")
START = datetime(2026, 11, 1, tzinfo=UTC)


def told(hours: int, **facts: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    return {
        "id": "ada",
        "created_at": START.isoformat(),
        "updated_at": (START + timedelta(hours=hours)).isoformat(),
        **facts,
    }


STATES = [
    told(1, email="old@example.com", traits={"plan": "free", "city": "Turin"}),
    told(2, email="ada@example.com", traits={"plan": "pro"}),
    told(3, display_name="Ada", traits={"team": 4}),
    told(0, display_name="A.", traits={"plan": "none", "city": "London", "first": True}),
]


def store(*given: dict[str, Any]) -> int:
    with transaction() as session:
        return users.store(session, msgspec.convert(list(given), list[NewUser]), SOURCE)


def user() -> dict[str, Any]:
    with transaction() as session:
        found = session.execute(text("select * from users")).mappings().one()
    return {name: value for name, value in found.items() if name != "created_at"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_newest_of_each_field_holds_in_any_order(order: tuple[int, ...]) -> None:
    for number in (*order, order[1]):
        store(STATES[number])
    found = user()
    assert found["id"] == key_of("user", "ada")
    assert (found["email"], found["display_name"]) == ("ada@example.com", "Ada")
    assert found["traits"] == {"plan": "pro", "city": "Turin", "team": 4, "first": True}


def test_many_at_once_agree() -> None:
    store(*STATES)
    expected = user()
    with transaction() as session:
        session.execute(text("delete from users"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store, STATES * 4))
    assert user() == expected


def test_what_is_sent_again_says_nothing_new() -> None:
    assert store(*STATES) == 4
    assert store(*STATES) == 0


def test_what_has_no_name_becomes_a_trait() -> None:
    store({"id": "ada", "extra": {"company": "Engines"}, "traits": {"plan": "pro"}})
    assert user()["traits"] == {"plan": "pro", "company": "Engines"}


def test_without_a_time_the_last_to_come_holds() -> None:
    store({"id": "ada", "traits": {"plan": "free"}})
    store({"id": "ada", "traits": {"plan": "pro"}})
    assert user()["traits"] == {"plan": "pro"}


def test_a_user_who_was_seen_before_stays_so() -> None:
    with transaction() as session:
        seen = text(
            "insert into users (id, external_id, first_seen_at, last_seen_at) values (:id, "
            "'ada', :at, :at)"
        )
        session.execute(seen, {"id": key_of("user", "ada"), "at": START})
    store({"id": "ada", "email": "ada@example.com"})
    assert (user()["first_seen_at"], user()["last_seen_at"]) == (START, START)
    store({"id": "ada", "created_at": (START - timedelta(days=2)).isoformat()})
    assert (user()["first_seen_at"], user()["last_seen_at"]) == (START - timedelta(days=2), START)
