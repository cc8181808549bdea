"""Where the drawer of a conversation leads, and the way back from there."""

from urllib.parse import parse_qsl

import pytest

from core.identity.schemas import Role
from tests.factories.conversations import conversation, one, stored
from tests.factories.identity import person
from tests.pages.conftest import TUNING, Console

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("role", "user", "leads"),
    [
        (Role.ADMIN, "ann", ["Open conversation", "Open user"]),
        (Role.ADMIN, None, ["Open conversation"]),
        (Role.REVIEWER, "ann", ["Open conversation"]),
    ],
    ids=["of a user", "of nobody known", "for who may not open users"],
)
def test_a_drawer_leads_to_what_its_reader_may_open(
    console: Console, role: Role, user: str | None, leads: list[str]
) -> None:
    stored(conversation("c", messages=2, user_id=user))
    app = console(person(role), TUNING)
    app.query_params.update({"view": "conversations", "days": "3660", "row": str(one("id"))})
    app.run()
    assert not app.exception
    links = [each.proto.label for each in app.get("page_link")]
    assert [each for each in links if each.startswith("Open ")] == leads


def test_the_filters_of_the_list_stay_in_the_link_for_the_way_back(console: Console) -> None:
    stored(conversation("c", messages=2))
    app = console(person(Role.ADMIN), TUNING)
    filters = {"view": "conversations", "days": "3660", "status": "active"}
    app.query_params.update({**filters, "row": str(one("id"))})
    app.run()
    links = {each.proto.label: each.proto.query_string for each in app.get("page_link")}
    assert dict(parse_qsl(links["Open conversation"])) == {
        **filters,
        "conversation": str(one("id")),
    }
