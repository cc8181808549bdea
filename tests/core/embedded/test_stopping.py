"""Postgres can be asked to stop whatever became of its data folder."""

import shutil
import subprocess
import sys
from pathlib import Path

from core.embedded.postgres import Postgres

# A shell starts what runs in its background with this signal ignored.
WAITING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
print("waiting", flush=True)
input()
"""


def test_a_server_whose_data_folder_is_gone_is_asked_to_stop(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    postgres = Postgres(data)
    shutil.rmtree(data)
    command, pipe = [sys.executable, "-c", WAITING], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        postgres.ask_to_stop(process)
        assert process.wait(30) != 0
