"""Saved views over HTTP: who sees and changes them, and what is refused."""

import httpx2
import pytest

from core.identity.schemas import Role, Scope
from core.saved_views import service
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

VIEWS = "/admin/views"
GIVEN = {
    "name": "Web errors",
    "page": "ai-metrics",
    "query": {"days": "7", "app": "web & more", "status": "error"},
}


def names(mine: httpx2.Client, **query: str) -> list[str]:
    return [each["name"] for each in mine.get(VIEWS, params=query).json()["items"]]


def test_a_view_keeps_the_filters_and_links_to_the_page(analyst: httpx2.Client) -> None:
    made = analyst.post(VIEWS, json=GIVEN)
    assert made.status_code == 201
    assert made.json()["link"] == "/ai-metrics?app=web+%26+more&days=7&status=error"
    found = analyst.get(f"{VIEWS}/{made.json()['id']}").json()
    assert (found["name"], found["query"], found["is_shared"]) == (
        "Web errors",
        GIVEN["query"],
        False,
    )
    assert names(analyst, page="ai-metrics") == ["Web errors"]
    assert names(analyst, page="overview") == []


def test_a_list_of_a_page_with_several_is_part_of_the_link(client: Client) -> None:
    given = {"name": "Rated badly", "page": "feedback", "query": {"rating": "negative"}}
    made = client(person(Role.REVIEWER)).post(VIEWS, json=given)
    assert made.json()["link"] == "/knowledge?rating=negative&section=feedback"


def test_a_private_view_is_unknown_to_others_and_a_shared_one_is_everyones(
    client: Client, analyst: httpx2.Client
) -> None:
    other = client(person(Role.ADMIN))
    private = analyst.post(VIEWS, json=GIVEN).json()["id"]
    shared = analyst.post(VIEWS, json=GIVEN | {"name": "Shared", "is_shared": True}).json()["id"]
    assert names(other) == ["Shared"]
    for method in ("get", "delete"):
        assert other.request(method, f"{VIEWS}/{private}").status_code == 404
    assert other.patch(f"{VIEWS}/{private}", json={"name": "Mine"}).status_code == 404
    assert other.patch(f"{VIEWS}/{shared}", json={"name": "Mine"}).status_code == 403
    reader = client()
    reader.headers.update(bearing(api_key(Scope.READ)))
    assert names(reader) == ["Shared"]


def test_the_owner_renames_and_an_admin_deletes_a_shared_view(
    client: Client, analyst: httpx2.Client
) -> None:
    one = f"{VIEWS}/{analyst.post(VIEWS, json=GIVEN | {'is_shared': True}).json()['id']}"
    changed = analyst.patch(one, json={"name": " Errors ", "is_pinned": True}).json()
    assert (changed["name"], changed["is_pinned"], changed["query"]) == (
        "Errors",
        True,
        GIVEN["query"],
    )
    assert client(person(Role.ANALYST)).delete(one).status_code == 403
    boss = client(person(Role.SUPER_ADMIN))
    assert boss.delete(one).status_code == 204
    assert names(analyst) == []
    rows = boss.get("/admin/audit").json()["items"]
    changes = [row for row in rows if row["action"].startswith("view.")]
    assert [row["action"] for row in changes] == ["view.delete", "view.change", "view.create"]
    assert "web & more" not in str(changes)


def test_views_of_pages_that_a_role_cannot_open_are_not_listed(client: Client) -> None:
    shared = GIVEN | {"is_shared": True}
    assert client(person(Role.ADMIN)).post(VIEWS, json=shared).status_code == 201
    reviewer = client(person(Role.REVIEWER))
    assert names(reviewer) == []
    assert reviewer.post(VIEWS, json=GIVEN).status_code == 403
    analyst = client(person(Role.ANALYST))
    assert analyst.post(VIEWS, json=GIVEN | {"page": "conversations"}).status_code == 403


def test_a_name_is_used_once_per_account_and_page(client: Client, analyst: httpx2.Client) -> None:
    first = analyst.post(VIEWS, json=GIVEN).json()["id"]
    assert analyst.post(VIEWS, json=GIVEN | {"name": "WEB errors"}).status_code == 409
    assert analyst.post(VIEWS, json=GIVEN | {"page": "overview"}).status_code == 201
    assert client(person(Role.ANALYST)).post(VIEWS, json=GIVEN).status_code == 201
    other = analyst.post(VIEWS, json=GIVEN | {"name": "Other"}).json()["id"]
    assert analyst.patch(f"{VIEWS}/{other}", json={"name": "Web errors"}).status_code == 409
    assert analyst.patch(f"{VIEWS}/{first}", json={"name": "Web errors"}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"name": "x" * 81},
        {"page": "settings"},
        {"query": {"Bad name": "x"}},
        {"query": {"q": "a\nb"}},
        {"query": {"embed": "true"}},
        {"query": {"q": "x" * 4001}},
        {"query": {f"q{'_' * number}": "x" for number in range(41)}},
    ],
)
def test_what_is_no_view_is_refused(analyst: httpx2.Client, change: dict[str, object]) -> None:
    assert analyst.post(VIEWS, json=GIVEN | change).status_code == 422


def test_an_account_saves_a_limited_number_of_views(
    analyst: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_VIEWS", 1)
    analyst.post(VIEWS, json=GIVEN)
    answer = analyst.post(VIEWS, json=GIVEN | {"name": "Second"})
    assert (answer.status_code, answer.json()["code"]) == (400, "limit_exceeded")


def test_an_account_pins_a_limited_number_of_views(
    analyst: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_PINNED", 1)
    first = analyst.post(VIEWS, json=GIVEN | {"is_pinned": True}).json()["id"]
    second = analyst.post(VIEWS, json=GIVEN | {"name": "Second"}).json()["id"]
    refused = [
        analyst.post(VIEWS, json=GIVEN | {"name": "Third", "is_pinned": True}),
        analyst.patch(f"{VIEWS}/{second}", json={"is_pinned": True}),
    ]
    assert [answer.status_code for answer in refused] == [400, 400]
    assert "Unpin one first." in refused[0].json()["detail"]
    assert analyst.patch(f"{VIEWS}/{first}", json={"is_pinned": True}).status_code == 200
    assert analyst.patch(f"{VIEWS}/{first}", json={"is_pinned": False}).status_code == 200
    assert analyst.patch(f"{VIEWS}/{second}", json={"is_pinned": True}).status_code == 200


def test_keys_save_no_views(client: Client) -> None:
    reader = client()
    reader.headers.update(bearing(api_key(Scope.READ)))
    assert reader.post(VIEWS, json=GIVEN).status_code == 403


def test_shared_views_of_a_removed_account_stay_with_who_removes_it(client: Client) -> None:
    owner, boss = person(Role.ANALYST), person(Role.SUPER_ADMIN)
    client(owner).post(VIEWS, json=GIVEN | {"is_shared": True})
    client(owner).post(VIEWS, json=GIVEN | {"name": "Private"})
    assert client(boss).delete(f"/admin/accounts/{owner.actor.id}").status_code == 204
    [view] = client(boss).get(VIEWS).json()["items"]
    assert (view["name"], view["owner_id"]) == ("Web errors", str(boss.actor.id))


def test_a_card_shows_one_of_its_pages_figures_and_no_other(analyst: httpx2.Client) -> None:
    one = f"{VIEWS}/{analyst.post(VIEWS, json=GIVEN | {'figure': 'error_rate'}).json()['id']}"
    assert analyst.get(one).json()["figure"] == "error_rate"
    assert analyst.patch(one, json={"name": "Errors"}).json()["figure"] == "error_rate"
    for refused in (
        analyst.patch(one, json={"figure": "runs"}),
        analyst.post(VIEWS, json=GIVEN | {"name": "Runs", "figure": "runs"}),
    ):
        assert refused.status_code == 422
        assert "Choose one of: requests, " in refused.json()["detail"]
