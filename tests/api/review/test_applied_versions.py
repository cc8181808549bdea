"""Annotations are marked applied by the prompt version that fixes what they say."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.factories.reviews import annotated

NOTES = "/admin/ai/tuning/annotations"
REVIEWED: dict[str, Any] = {"status": "reviewed"}


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    stored(conversation("c", messages=4))
    return client(person(Role.ADMIN))


def apply(admin: httpx2.Client, id_: UUID, version: str) -> httpx2.Response:
    return admin.put(f"{NOTES}/{id_}", json={"applied_version": version})


def test_a_reviewed_annotation_is_applied_by_a_version_and_found_by_it(
    admin: httpx2.Client,
) -> None:
    first, second = (annotated(number=number, **REVIEWED) for number in range(2))
    for id_, version in ((first, "support@7"), (second, "support_x@7")):
        found = apply(admin, id_, version).raise_for_status().json()
        assert (found["status"], found["applied_version"]) == ("applied", version)
        assert found["applied_by_name"] is not None
    for wanted, ids in (("support@7", [first]), ("support", [first]), ("support@8", [])):
        page = admin.get(NOTES, params={"applied_version": wanted}).json()
        assert [each["id"] for each in page["items"]] == [str(id_) for id_ in ids]


def test_an_applied_annotation_moves_to_another_version_and_back_to_pending(
    admin: httpx2.Client,
) -> None:
    id_ = annotated(**REVIEWED)
    apply(admin, id_, "support@7")
    assert apply(admin, id_, "support@8").json()["applied_version"] == "support@8"
    reopened = admin.put(f"{NOTES}/{id_}", json={"status": "pending"}).json()
    assert (reopened["status"], reopened["applied_version"]) == ("pending", None)


@pytest.mark.parametrize("version", ["support", "support@", "support@x", "@7", "a@b@7", "a\0@7"])
def test_a_version_is_a_name_and_a_number(admin: httpx2.Client, version: str) -> None:
    assert apply(admin, annotated(**REVIEWED), version).status_code == 422


def test_what_is_not_reviewed_cannot_be_applied(admin: httpx2.Client) -> None:
    assert apply(admin, annotated(), "support@7").status_code == 409


def test_only_those_who_decide_reviews_say_what_fixed_them(client: Client) -> None:
    stored(conversation("c", messages=4))
    reviewer = person(Role.REVIEWER)
    own = annotated(admin_user_id=reviewer.actor.id, **REVIEWED)
    assert apply(client(reviewer), own, "support@7").status_code == 403
