"""One Attune a data folder, one program a port: who comes second is told where the first one is."""

import socket
from pathlib import Path

from core.platform import data_folder
from tests.faults.conftest import Installation
from tests.faults.program import Program


def test_a_second_start_on_the_folder_says_where_the_first_one_answers(
    installation: Installation, running: Program, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(running.path)
    for second in (
        installation(running.path, port=running.port),
        installation(tmp_path / "link"),
    ):
        refusal = second.run().refusal
        assert "already runs" in refusal
        assert f"http://localhost:{running.port}" in refusal
        assert str(running.running.pid) in refusal
    assert running.sign_in().ask("Still there?")["status"] == "completed"


def test_a_taken_port_is_named_with_another_to_try(
    installation: Installation, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refusal = installation(port=port).run().refusal
    assert f"Port {port} is taken" in refusal
    assert f"PORT={port + 1}" in refusal
    with data_folder.locked(tmp_path / "data"):
        assert not (tmp_path / "data" / "postgres").exists()
