"""One Attune a data folder, one program a port: who comes second is told where the first one is."""

import socket
from pathlib import Path

from tests.faults.conftest import Installation
from tests.faults.program import free_port


def test_a_second_start_on_the_folder_says_where_the_first_one_answers(installation: Installation, tmp_path: Path) -> None:
    first = installation().start()
    (tmp_path / "link").symlink_to("data")
    for second in (installation(port=first.port), installation(), installation(tmp_path / "link")):
        refusal = second.run().refusal
        assert "already runs" in refusal
        assert f"http://localhost:{first.port}" in refusal
        assert str(first.running.pid) in refusal
    assert first.is_ready()
    assert first.sign_in().ask("Still there?")["status"] == "completed"


def test_a_taken_port_is_named_with_another_to_try(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refusal = installation(port=port).run().refusal
    assert f"Port {port} is taken" in refusal
    assert f"PORT={port + 1}" in refusal


def test_a_taken_port_leaves_the_folder_free(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        installation(port=other.getsockname()[1]).run()
    assert installation(port=free_port()).start().is_ready()
