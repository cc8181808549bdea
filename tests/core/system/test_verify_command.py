"""The exit code of the command tells a difference from a check that could not run."""

from contextlib import nullcontext

import pytest

from core.platform.config import config
from core.processes import commands
from core.system.service.verification import verify
from core.system.service.verification.compare import CheckedTable


@pytest.mark.parametrize(("differences", "exit_code"), [(0, 0), (3, 2)])
def test_differences_have_an_exit_code_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    differences: int,
    exit_code: int,
) -> None:
    checked = CheckedTable("user_days", rows=7, differences=differences, examples=["a user"])
    monkeypatch.setattr(commands, "opened_databases", lambda _config: nullcontext())
    monkeypatch.setattr(verify, "verify", lambda: [checked])
    # 1 is that of a command that cannot run
    assert commands.verify_rollups(config()) == exit_code
    assert f"{differences} differences" in capsys.readouterr().out
