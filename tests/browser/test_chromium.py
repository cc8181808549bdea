"""The Chromium of the browser tests is found, or installed, or asked for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import chromium


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which programs are found; Playwright has nothing of its own."""
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "MACOS", ())
    monkeypatch.setattr(chromium, "PLAYWRIGHTS_OWN", "raise SystemExit(1)")
    monkeypatch.setattr(chromium, "IS_ROOT", True)
    return tmp_path


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_one_of_this_machine_runs() -> None:
    assert chromium.main() == 0
    said = subprocess.run(
        [chromium.find(), "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert "Chrom" in said


def test_one_that_does_not_run_is_passed_over(programs: Path) -> None:
    program(programs / "chromium", "exit 1")
    program(programs / "google-chrome", "exit 0")
    assert chromium.find() == str(programs / "google-chrome")


def test_root_on_debian_gets_one(programs: Path) -> None:
    shutil.copy("/bin/sh", programs / "sh")
    program(
        programs / "apt-get",
        (
            f'case "$*" in *install*chromium) echo "#!/bin/sh" >{programs}/chromium; /bin/chmod '
            f"+x {programs}/chromium;; esac"
        ),
    )
    assert chromium.main() == 0
    assert chromium.find() == str(programs / "chromium")


def test_where_none_can_be_had_it_says_what_to_install(
    programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chromium.main() == 1
    assert "apt install chromium" in capsys.readouterr().err
