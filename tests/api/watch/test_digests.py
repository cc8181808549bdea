"""Weekly digests over HTTP."""

from core.identity.schemas import Role
from core.saved_views.schemas import ViewPage
from tests.api.conftest import Client
from tests.factories import digests
from tests.factories.identity import person

DIGESTS = "/admin/digests"


def test_digests_are_listed_and_read_by_their_monday(client: Client) -> None:
    owner = person(Role.ANALYST)
    digests.two_weeks()
    digests.kept_view(owner.actor, "Mine", ViewPage.AI_METRICS)
    digests.write()
    mine, other = client(owner), client(person(Role.ADMIN))
    [found] = mine.get(DIGESTS).json()["items"]
    assert [section["title"] for section in found["sections"]] == ["Overview", "Mine"]
    assert found["sections"][0]["link"].startswith("/overview?")
    assert mine.get(f"{DIGESTS}/{found['week']}").json() == found
    assert mine.get(f"{DIGESTS}/2001-01-01").status_code == 404
    [theirs] = other.get(DIGESTS).json()["items"]
    assert [section["title"] for section in theirs["sections"]] == ["Overview"]


def test_an_account_subscribes_and_unsubscribes(client: Client) -> None:
    mine, other = client(person(Role.ANALYST)), client(person(Role.ANALYST))
    for is_wanted in (True, False):
        given = {"is_subscribed": is_wanted}
        assert mine.put(f"{DIGESTS}/subscription", json=given).json() == given
        assert mine.get(f"{DIGESTS}/subscription").json() == given
        assert other.get(f"{DIGESTS}/subscription").json() == {"is_subscribed": False}
