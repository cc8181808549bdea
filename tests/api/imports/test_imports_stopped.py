"""What is stopped halfway goes on into the same place, and says no wrong total."""

from functools import partial
from uuid import UUID

import httpx2
import pytest

from core.identity.schemas import Role
from core.imports import runner, uploads
from core.imports.ingest import chunks, dry_run, writing
from tests.api.conftest import Client
from tests.api.imports.calls import do_what_is_due, upload
from tests.factories.identity import person

AT = "2026-03-04T05:06:07Z"
EVENTS = "timestamp,event_type,user_id\n" + f"{AT},page.view,u1\n" * 40


@pytest.fixture
def me(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def test_a_dry_run_that_is_stopped_leaves_no_total(
    me: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = upload(me, EVENTS)["id"]
    me.post(f"/imports/{id_}/dry-run")
    monkeypatch.setattr(dry_run, "cut", partial(chunks.cut, heaviest=10))
    looked = list[None]()

    def stop_at_second() -> bool:
        looked.append(None)
        return len(looked) < 2 or me.post(f"/imports/{id_}/cancel").status_code == 200

    runner.work(UUID(id_), may_go_on=stop_at_second)
    found = me.get(f"/imports/{id_}").json()
    assert (found["status"], found["progress"]["records_total"]) == ("ready", None)


def test_a_file_that_is_read_another_way_has_no_total_of_before(me: httpx2.Client) -> None:
    id_ = upload(me, EVENTS)["id"]
    me.post(f"/imports/{id_}/dry-run")
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["progress"]["records_total"] == 40
    again = me.post(f"/imports/{id_}/recognise", json={"header": False})
    assert (again.status_code, again.json()["progress"]["records_total"]) == (200, None)


def test_the_rest_of_a_file_goes_into_no_other_environment(
    me: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = upload(me, EVENTS)["id"]
    me.post(f"/imports/{id_}/start", json={"environment": "staging"})
    looked = iter([True, False])
    with monkeypatch.context() as small:
        small.setattr(runner, "write", partial(writing.write, heaviest=10))
        runner.work(UUID(id_), may_go_on=lambda: next(looked))
    me.post(f"/imports/{id_}/cancel")
    refused = me.post(f"/imports/{id_}/start", json={"environment": "production"})
    assert (refused.status_code, "into staging" in refused.json()["detail"]) == (409, True)
    assert me.post(f"/imports/{id_}/start", json={"environment": "staging"}).status_code == 202
    do_what_is_due(id_)
    done = me.get(f"/imports/{id_}").json()
    assert (done["environment"], done["counts"]["events"]["accepted"]) == ("staging", 40)


def test_a_file_that_another_tab_has_just_removed_is_said_to_be_gone(me: httpx2.Client) -> None:
    id_ = upload(me, EVENTS)["id"]
    # As it is for whoever found the import before the other tab's transaction ended
    uploads.remove(UUID(id_))
    for path in ("recognise", "start"):
        answer = me.post(f"/imports/{id_}/{path}", json={})
        assert (answer.status_code, "Upload it again" in answer.json()["detail"]) == (409, True)
