"""The data folder may be anywhere and have any name; nobody else reads what is in it."""

from pathlib import Path

import pytest

from core.platform import data_folder
from core.platform.config import Config
from tests.faults.conftest import Installation
from tests.faults.program import Person, until

SIGNS = 'it\'s "our" data, größer & 日本 \\ %20 $HOME'
LONG = "/".join(["a folder with a name of forty characters"] * 6)


def has_worker(me: Person) -> bool:
    health = me.http.get("/admin/system/health").json()
    return bool(health["dependencies"]["worker"]["status"] == "healthy")


@pytest.mark.prove
def test_a_relative_path_counts_from_where_one_stands_and_may_be_a_long_one_of_any_signs(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    program = installation(f"link/{SIGNS}/{LONG}")
    program.launch(cwd=tmp_path)
    program.wait_until_ready()
    me = program.sign_in()
    assert me.ask("Are you there?")["status"] == "completed"
    until(lambda: has_worker(me), 20)
    assert (tmp_path / "real" / SIGNS / LONG / "postgres" / "PG_VERSION").exists()
    assert program.stop().code == 0


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Config(data=Path("~/attune")).data == tmp_path / "attune"


def test_it_is_private(tmp_path: Path) -> None:
    with data_folder.locked(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o077 for path in (tmp_path / "data").iterdir()} == {0}


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o750)
    with data_folder.locked(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o750
        assert {path.stat().st_mode & 0o077 for path in (tmp_path / "data").iterdir()} == {0}
