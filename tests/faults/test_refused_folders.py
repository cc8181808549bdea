"""A data folder that cannot be used: one line says why, and nothing is left behind."""

import os
from pathlib import Path

import pytest

from tests.faults.conftest import Installation
from tests.faults.disks import Disks, can_mount
from tests.faults.program import QUICK

IS_ROOT = os.geteuid() == 0


def test_a_file_is_no_folder(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not ours")
    assert "is not a folder" in installation().run().refusal
    assert "is not a folder" in installation(tmp_path / "data" / "below").run().refusal
    assert (tmp_path / "data").read_text() == "not ours"


def test_a_name_may_be_too_long_for_the_disk(installation: Installation, tmp_path: Path) -> None:
    assert "too long" in installation(tmp_path / ("x" * 256)).run().refusal
    assert "too long" in installation(tmp_path / "/".join(["x" * 200] * 5)).run().refusal


def test_a_link_that_leads_nowhere_is_no_folder(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to("data")
    assert "DATA=" in installation().run().refusal


@pytest.mark.parametrize("path", ["two\nlines", os.fsdecode(b"not \xff utf-8"), "~nobody-of-that-name/data"], ids=repr)
def test_a_path_that_is_no_text_is_refused(installation: Installation, path: str) -> None:
    assert installation(path).run().refusal.startswith("DATA: ")


def test_a_folder_that_cannot_be_written_is_refused(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    # Root may write everywhere: somebody else does not.
    command = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *READS_ALL) if IS_ROOT else ()
    refusal = installation(tmp_path / "locked" / "data", command=command).run().refusal
    assert "cannot be written" in refusal


READS_ALL = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=+dac_read_search")


@pytest.mark.skipif(not IS_ROOT, reason="x")
def test_a_read_only_disk_is_refused(installation: Installation, tmp_path: Path) -> None:
    with Disks(tmp_path) as disks:
        assert can_mount(tmp_path)
        refusal = installation(disks.read_only(), settings=QUICK).run().refusal
        assert "cannot be written" in refusal
