"""Files that are huge, and disks that are full: refused in words or taken with flat memory, and nothing is left behind."""

from collections.abc import Iterator

import pytest

from tests.faults.conftest import Installation
from tests.faults.disks import Disks
from tests.faults.program import Program
from tests.faults.test_ingest_memory import MOST_ADDED_MB, Watched

MEBIBYTE = 2**20


def zeros(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield bytes(MEBIBYTE)


def one_line(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield b"x" * MEBIBYTE


@pytest.mark.parametrize("mebibytes", [200, pytest.param(2048, marks=[pytest.mark.prove, pytest.mark.timeout(900)])])
def test_a_huge_file_of_nothing_is_refused_with_flat_memory(installed: Program, mebibytes: int) -> None:
    me = installed.start().sign_in()
    with Watched(installed) as seen:
        for content in (zeros, one_line):
            answer = me.http.post("/imports?name=dump.csv", content=content(mebibytes), timeout=600).raise_for_status().json()
            assert (answer["status"], bool(answer["error"]), answer["counts"]) == ("failed", True, {})
    assert seen.added_mb < MOST_ADDED_MB
    assert not list((installed.path / "imports").iterdir())
    installed.stop()


@pytest.mark.prove
def test_a_disk_without_room_for_a_file_is_said_before_the_database_lacks_it(installation: Installation, disks: Disks) -> None:
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
