"""A disk without room: one line says so, and with room again everything is as it was."""

from pathlib import Path

import pytest

from tests.faults.conftest import Installation, copy
from tests.faults.disks import Disks
from tests.faults.program import Program, until


def starts(program: Program) -> bool:
    """Whether it starts; when it does not, it must have said in one line that there is no room."""
    process = program.launch()
    until(lambda: program.is_ready() or process.poll() is not None, 60)
    if process.poll() is None:
        return True
    assert "is full" in program.ended(process).refusal
    return False


@pytest.mark.prove
def test_a_first_start_without_room_says_so(installation: Installation, disks: Disks) -> None:
    for data in disks.too_small(0.01, 30, 42.3):
        assert not starts(installation(data)), data


@pytest.mark.prove
def test_a_later_start_without_room_says_so_and_with_room_again_everything_is_there(
    installation: Installation, disks: Disks, template: Path, tmp_path: Path
) -> None:
    data = (disks.mount("size=100m") or tmp_path) / "data"
    copy(template, data)
    program = installation(data)
    with disks.full(data):
        assert not starts(program)
    assert program.start().sign_in().ask("Is there room?")["status"] == "completed"


@pytest.mark.prove
def test_wherever_a_first_start_runs_out_of_room_it_says_so_or_works(
    installation: Installation, disks: Disks
) -> None:
    sizes_mb = [*range(2, 60, 4), *(number / 2 for number in range(60 * 2, 76 * 2))]
    started = []
    for data in disks.too_small(*sizes_mb):
        program = installation(data)
        started.append(starts(program))
        program.end()
    assert len(started) == 1 + len(sizes_mb), "this needs a machine where root may mount"
    assert started[-1]


@pytest.mark.prove
def test_a_disk_that_fills_up_while_it_runs_is_waited_for(
    installation: Installation, disks: Disks
) -> None:
    disk = disks.mount("size=200m")
    assert disk is not None, "this needs a machine where root may mount"
    program = installation(disk / "data").start()
    me = program.sign_in()
    kept = [me.ask(f"Question {number}") for number in range(20)]
    with disks.full(disk / "data"):
        for number in range(400):
            answer = me.http.post(
                "/prompts/execute",
                json={"model_id": "fake:echo", "prompt": f"{number} " + "word " * 5000},
            )
            assert answer.status_code in (200, 503)
            if answer.status_code == 200:
                kept.append(answer.json())
    until(lambda: me.http.get("/admin/auth/me").status_code == 200, 90)
    assert me.ask("And now?")["status"] == "completed"
    for execution in kept:
        assert me.execution(execution["id"])["response"] == execution["response"]
