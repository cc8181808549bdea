"""The data folder may be anywhere and have any name."""

from pathlib import Path

import pytest

from tests.faults.conftest import Installation
from tests.faults.program import QUICK

LONG = "/".join(["a folder with a name of forty characters"] * 6)


@pytest.mark.parametrize("name", ['it\'s "our" data, größer & 日本 \\ %20 $HOME', LONG], ids=["signs", "long"])
def test_any_name_will_do(installation: Installation, tmp_path: Path, name: str) -> None:
    program = installation(tmp_path / name).start()
    assert program.sign_in().ask("Are you there?")["status"] == "completed"
    assert (tmp_path / name / "postgres" / "PG_VERSION").exists()
    assert program.stop().code == 0


def test_a_relative_path_counts_from_where_one_stands(installation: Installation, tmp_path: Path) -> None:
    program = installation("some/where")
    program.launch(cwd=tmp_path)
    program.wait_until_ready()
    assert (tmp_path / "some" / "where" / "postgres" / "PG_VERSION").exists()


def test_a_path_may_begin_at_home_and_lead_through_a_link(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    program = installation("~/link/data", settings=QUICK | {"HOME": str(tmp_path)}).start()
    assert program.sign_in().ask("Are you there?")["status"] == "completed"
    assert program.stop().code == 0
    other = installation(tmp_path / "real" / "data").start()
    assert other.sign_in().ask("And now?")["status"] == "completed"


def test_it_is_private(installation: Installation, tmp_path: Path) -> None:
    installation().start()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_a_folder_that_was_there_keeps_its_permissions(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o750)
    installation().start()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0
