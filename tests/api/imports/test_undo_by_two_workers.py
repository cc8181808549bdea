"""An undo with a step so long that its worker seems to be gone is not done by a second one, too."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
from sqlalchemy import text

from core.database.db import transaction
from core.database.locks import Lock
from tests.api.imports.calls import do_what_is_due, upload

EVENTS = "id,timestamp,event_type,user_id\n" + "".join(
    f"e{number},2026-03-04T05:06:07Z,page.view,u1\n" for number in range(40)
)
HOLD = text("select pg_advisory_xact_lock(:lock)")
WAITING = text("select count(*) from pg_locks where not granted")


def test_a_second_worker_leaves_an_undo_to_the_first_that_still_works(me: httpx2.Client) -> None:
    id_ = upload(me, EVENTS)["id"]
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    me.post(f"/imports/{id_}/undo")
    with ThreadPoolExecutor(2) as workers:
        with transaction() as another:
            another.execute(HOLD, {"lock": Lock.UNDO})  # its first step cannot end
            first = workers.submit(do_what_is_due, id_)
            while not another.scalar(WAITING):
                time.sleep(0.01)
            second = workers.submit(do_what_is_due, id_)
            second.result(timeout=9)
            assert not first.done()
        first.result(timeout=30)
    assert me.get(f"/imports/{id_}").json()["status"] == "undone"
    assert me.get("/admin/users").json()["total_count"] == 0
