"""Postgres can be asked to stop whatever became of its data folder."""

import shutil
import subprocess
import sys
from pathlib import Path

from core.embedded.postgres import Postgres


def test_a_server_whose_data_folder_is_gone_is_asked_to_stop(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    postgres = Postgres(data)
    shutil.rmtree(data)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        postgres.ask_to_stop(process)
        assert process.wait(30) != 0
