"""Files that are huge, and disks that are full: refused in words or taken with flat memory, and
nothing is left behind.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.imports import differences
from tests.faults.conftest import Installation
from tests.faults.disks import Disks
from tests.faults.kills.test_import_kills import done, look
from tests.faults.limits.test_ingest_memory import MOST_ADDED_MB, Watched
from tests.faults.program import Program, until
from tests.faults.stored import stored

MEBIBYTE = 2**20
MOST_OF_WORKER_MB = 400


def zeros(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield bytes(MEBIBYTE)


def one_line(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield b"x" * MEBIBYTE


@pytest.mark.prove
@pytest.mark.parametrize("mebibytes", [200, 2048])
def test_a_huge_file_of_nothing_is_refused_with_flat_memory(
    installed: Program, mebibytes: int
) -> None:
    me = installed.start().sign_in()
    with Watched(installed) as seen:
        for content in (zeros, one_line):
            answer = (
                me.http.post("/imports?name=dump.csv", content=content(mebibytes), timeout=600)
                .raise_for_status()
                .json()
            )
            assert (answer["status"], bool(answer["error"]), answer["counts"]) == (
                "failed",
                True,
                {},
            )
    assert seen.added_mb < MOST_ADDED_MB
    assert not list((installed.path / "imports").iterdir())
    installed.stop()


def honest(rows: int, *, at_once: int = 500) -> Iterator[bytes]:
    """Yield a CSV of events with two kilobytes of text each."""
    yield b"id,created_at,event_type,user_id,note\n"
    began, note = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9), "x" * 2000
    for first in range(0, rows, at_once):
        at = (began + timedelta(seconds=first // 2)).isoformat()
        lines = (
            f"e{number},{at},page.view,u{number % 997},{note}\n"
            for number in range(first, min(first + at_once, rows))
        )
        yield "".join(lines).encode()


@pytest.mark.prove
def test_a_true_file_of_two_gigabytes_is_tried_stopped_and_taken_back_with_bounded_memory(
    installed: Program,
) -> None:
    me, rows = installed.start().sign_in(), 2**31 // 2000
    before = stored(installed)
    with Watched(installed) as web, Watched(installed, installed.worker) as worker:
        found = (
            me.http.post("/imports?name=huge.csv", content=honest(rows), timeout=900)
            .raise_for_status()
            .json()
        )
        id_ = found["id"]
        assert (found["status"], found["mapping"]["kind"], found["size_bytes"] > 2**31) == (
            "ready",
            "events",
            True,
        )
        me.http.post(f"/imports/{id_}/dry-run").raise_for_status()
        until(lambda: look(me, id_)["status"] == "ready", 900)
        dry = look(me, id_)["dry_run"]
        assert (dry["records"], dry["counts"], dry["rejected"]) == (rows, {"events": rows}, 0)
        assert stored(installed) == before
        me.http.post(f"/imports/{id_}/start").raise_for_status()
        until(lambda: done(me, id_) > 0, 120)
        me.http.post(f"/imports/{id_}/cancel").raise_for_status()
        assert 0 < done(me, id_) < rows
        me.http.delete(f"/imports/{id_}").raise_for_status()
        until(lambda: look(me, id_)["status"] == "undone", 300)
    assert (web.added_mb < MOST_ADDED_MB, worker.added_mb < MOST_OF_WORKER_MB) == (True, True), (
        web.added_mb,
        worker.added_mb,
    )
    assert differences(before, stored(installed)) == ""
    assert not list((installed.path / "imports").iterdir())
    installed.stop()


@pytest.mark.prove
def test_a_disk_without_room_for_a_file_is_said_before_the_database_lacks_it(
    installation: Installation, disks: Disks
) -> None:
    disk = disks.mount("size=900m")
    assert disk is not None, "this needs a machine where root may mount"
    program = installation(disk / "data").start()
    me = program.sign_in()
    announced = me.http.post("/imports?name=large.csv", content=bytes(400 * MEBIBYTE), timeout=120)
    unannounced = me.http.post("/imports?name=large.csv", content=zeros(700), timeout=120)
    for answer in (announced, unannounced):
        assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
        assert "Free some space" in answer.json()["detail"]
    assert not list((program.path / "imports").iterdir())
    assert me.ask("Is there room?")["status"] == "completed"
    program.stop()
