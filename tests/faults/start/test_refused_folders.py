"""A data folder that cannot be used: one line says why, and nothing is left behind."""

from pathlib import Path

from tests.faults.conftest import Installation
from tests.faults.disks import Disks
from tests.faults.users import somebody


def test_a_file_is_no_folder(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not ours")
    assert "is not a folder" in installation().run().refusal
    assert "is not a folder" in installation(tmp_path / "data" / "below").run().refusal
    assert (tmp_path / "data").read_text() == "not ours"


def test_a_name_may_be_too_long_for_the_disk(installation: Installation, tmp_path: Path) -> None:
    assert "too long" in installation(tmp_path / ("x" * 256)).run().refusal


def test_a_link_that_leads_nowhere_is_no_folder(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to("data")
    assert "DATA=" in installation().run().refusal


def test_a_folder_that_cannot_be_written_is_refused(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    refusal = installation(tmp_path / "locked" / "data", command=somebody()).run().refusal
    assert "cannot be written" in refusal


def test_a_read_only_disk_is_refused(
    installation: Installation, disks: Disks, tmp_path: Path
) -> None:
    disk = disks.mount("ro") or _write_protected(tmp_path / "data")
    assert (
        "cannot be written"
        in installation(disk, command=() if disk.is_mount() else somebody()).run().refusal
    )


def _write_protected(path: Path) -> Path:
    path.mkdir(mode=0o555)
    return path
