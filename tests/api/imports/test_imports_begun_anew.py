"""A worker that is still busy with an import which was cancelled and begun anew in the meantime,
with other choices, adds nothing to it.
"""

from collections.abc import Callable
from uuid import UUID

import httpx2
import pytest

from core.imports import runner
from tests.api.imports.calls import do_what_is_due, upload

AT = "2026-03-04T05:06:07Z"
EVENTS = "timestamp,event_type,user_id\n" + f"{AT},page.view,u1\n" * 4


def meanwhile(act: Callable[[], None]) -> Callable[[], bool]:
    """Return what a worker asks whether it may go on: at first it acts, and it always may."""
    acts = iter([act])

    def may_go_on() -> bool:
        for each in acts:
            each()
        return True

    return may_go_on


def test_the_outcome_of_a_cancelled_dry_run_is_not_that_of_the_next_one(
    me: httpx2.Client,
) -> None:
    # The cancelled worker goes on until it looks at the row again
    id_ = upload(me, EVENTS)["id"]
    me.post(f"/imports/{id_}/dry-run")

    def begin_anew() -> None:
        assert me.post(f"/imports/{id_}/cancel").status_code == 200
        other = {"environment": "staging", "separate": True}
        assert me.post(f"/imports/{id_}/dry-run", json=other).status_code == 202

    runner.work(UUID(id_), may_go_on=meanwhile(begin_anew))
    assert me.get(f"/imports/{id_}").json()["status"] == "checking"
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "ready"


def test_a_cancelled_import_stores_nothing_where_it_was_to_go_before(me: httpx2.Client) -> None:
    id_ = upload(me, EVENTS)["id"]
    me.post(f"/imports/{id_}/start", json={"environment": "staging"})

    def begin_anew() -> None:
        assert me.post(f"/imports/{id_}/cancel").status_code == 200
        other = {"environment": "production"}
        assert me.post(f"/imports/{id_}/start", json=other).status_code == 202
        # Another worker has taken it, and stored nothing yet
        runner.work(UUID(id_), may_go_on=lambda: False)

    runner.work(UUID(id_), may_go_on=meanwhile(begin_anew))
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["counts"]["events"]["accepted"] == 4
    for environment, count in (("staging", 0), ("production", 4)):
        wanted = {"environment": environment, "start": "2026-03-01", "end": "2026-03-31"}
        found = me.get("/admin/onboarding/events", params=wanted)
        assert len(found.json()["items"]) == count


@pytest.mark.parametrize("act", ["dry-run", "start"])
def test_the_failure_of_a_worker_that_was_stopped_is_not_that_of_the_import_begun_anew(
    me: httpx2.Client, act: str
) -> None:
    id_ = upload(me, EVENTS)["id"]
    me.post(f"/imports/{id_}/{act}", json={"environment": "staging"})

    def begin_anew() -> None:
        assert me.post(f"/imports/{id_}/cancel").status_code == 200
        other = {"environment": "production", "separate": True}
        assert me.post(f"/imports/{id_}/{act}", json=other).status_code == 202
        if act == "start":
            runner.work(UUID(id_), may_go_on=lambda: False)
        raise OSError("the disk of the first worker is gone")

    runner.work(UUID(id_), may_go_on=meanwhile(begin_anew))
    assert me.get(f"/imports/{id_}").json()["error"] is None
    do_what_is_due(id_)
    ended = me.get(f"/imports/{id_}").json()
    assert (ended["status"], ended["error"]) == (
        {"dry-run": "ready", "start": "completed"}[act],
        None,
    )
