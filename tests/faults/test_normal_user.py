"""Nobody needs to be root."""

import os
from pathlib import Path

from tests.faults.conftest import Installation
from tests.faults.program import QUICK, alive, until
from tests.faults.users import NOBODY, somebody


def test_a_normal_user_can_run_everything(installation: Installation, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    if somebody():
        os.chown(home, NOBODY, NOBODY)
    settings = QUICK | {"HOME": str(home), "ATTUNE_LOCAL_MODEL": "packaged"}
    program = installation("~/data", settings=settings, command=somebody()).start()
    me = program.sign_in()
    assert me.ask("Are you there?")["status"] == "completed"
    until(lambda: (home / "data" / "model.json").exists(), 30)
    assert me.ask("What is the capital of France?", "local:smollm2-135m-instruct")["response"]
    tree = program.tree()
    assert {process.uids().effective for process in tree} == {
        NOBODY if somebody() else os.geteuid()
    }
    assert program.stop().code == 0
    assert not alive(tree)
