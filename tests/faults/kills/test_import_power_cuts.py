"""kill -9 of everything at once in the middle of an import and of its undo: each row counts once,
then none is left.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from tests.factories.imports import differences
from tests.faults.conftest import Installation
from tests.faults.kills.test_import_kills import begin, done, hurry, look
from tests.faults.kills.test_ingest_kills import make_key
from tests.faults.program import Person, Program, until
from tests.faults.stored import stored

AGAIN = 50  # every so many rows, one stands in the file once more
LIVE = range(0, 4000, 7)


def event(number: int, base: int) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(base + number % 300_000))
    step = (
        "onboarding.register_start",
        "onboarding.register_complete",
        "chat.session_start",
        "page.view",
    )[number % 4]
    person = {"user_id": f"u{number % 997}", "session_id": f"s{number // 20}"}
    return {"id": f"e{number}", "created_at": at, "event_type": step, **person}


def rating(number: int, base: int) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(base + number % 300_000))
    return {
        "id": f"f{number}",
        "created_at": at,
        "rating": 1 + number % 5,
        "scale": "five",
        "conversation_id": f"c{number % 5000}",
    }


KINDS: dict[str, Callable[[int, int], dict[str, Any]]] = {"events": event, "feedback": rating}


def write_file(path: Path, kind: str, rows: int, base: int) -> int:
    """Write a file in which some rows stand twice, far from each other; return how many
    those are.
    """
    twice = 0
    with path.open("w") as file:
        for number in range(rows):
            file.write(json.dumps(KINDS[kind](number, base)) + "\n")
            if number % AGAIN == 0 and number > rows // 2:
                file.write(json.dumps(KINDS[kind](number - rows // 2, base)) + "\n")
                twice += 1
    return twice


def group(program: Program) -> list[psutil.Process]:
    """Kill the process group of the web process, and return what it was."""
    members = program.tree()
    os.killpg(program.running.pid, signal.SIGKILL)
    return members


def everything(program: Program) -> list[psutil.Process]:
    """Kill every process of it, Postgres's own too, as when the power fails."""
    members = program.tree()
    for process in members:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return members


def cut(program: Program, victims: Callable[[Program], list[psutil.Process]]) -> None:
    """Kill, start again, and have what stands still found at once."""
    assert victims(program)
    program.running.wait()
    until(lambda: not program.everything(), 60)
    program.start()
    hurry(program)


def is_in_order(program: Program) -> bool:
    """Whether `make verify-rollups` finds no difference."""
    command = [sys.executable, str(program.app), "verify"]
    found = subprocess.run(
        command, env=program.environment, capture_output=True, text=True, check=False
    )
    assert found.returncode in (0, 2), found.stderr
    return found.returncode == 0


def send_live(program: Program, me: Person, kind: str, base: int) -> None:
    """Send some rows as programs would, of the people whom the import knows too, and of others."""
    rows = [KINDS[kind](number, base) | {"id": f"live{number}"} for number in LIVE]
    headers = {"Authorization": f"Bearer {make_key(program)}"}
    me.http.post(f"/ingest/{kind}", json={"items": rows}, headers=headers).raise_for_status()
    assert program.is_ready()


@pytest.mark.prove
@pytest.mark.parametrize(
    ("kind", "rows", "kills"),
    [
        ("events", 60_000, 1),
        ("events", 240_000, 10),
        ("feedback", 240_000, 10),
    ],
)
def test_whatever_is_killed_whenever_each_row_counts_once_and_its_undo_leaves_nothing(
    installation: Installation, tmp_path: Path, kind: str, rows: int, kills: int
) -> None:
    program, chance, base = (
        installation().start(),
        Random(f"{kind}{kills}"),
        int(time.time()) - 400_000,
    )
    me = program.sign_in()
    send_live(program, me, kind, base)
    before = stored(program)
    twice = write_file(tmp_path / "rows.jsonl", kind, rows, base)
    id_ = begin(me, tmp_path / "rows.jsonl")
    positions = []
    for number in range(kills):
        time.sleep(chance.uniform(0, 3))
        cut(program, everything if number % 3 == 2 else group)
        positions.append(done(me, id_))
        assert look(me, id_)["status"] != "completed", f"too small a file: {positions}"
    assert positions == sorted(positions)
    until(lambda: look(me, id_)["status"] == "completed", 300)
    assert look(me, id_)["counts"] == {
        kind: {"accepted": rows, "duplicates": twice, "rejected": 0}
    }, positions
    table = {"events": "attune_core.user_activity_events", "feedback": "attune_ai.ai_feedback"}[
        kind
    ]
    assert len(stored(program)[table]) == rows + len(LIVE)
    assert is_in_order(program)
    me.http.post(f"/imports/{id_}/undo").raise_for_status()
    for number in range(max(1, kills // 3)):
        time.sleep(chance.uniform(0.2, 2))
        cut(program, group if number % 2 else everything)
    until(lambda: look(me, id_)["status"] == "undone", 300)
    assert differences_of(before, program) == ""
    assert is_in_order(program)
    program.stop()


def differences_of(before: dict[str, list[str]], program: Program) -> str:
    """Return the first differences between what was stored and what is."""
    return "\n".join(differences(before, stored(program)).splitlines()[:20])
