"""Messages that no page of the console sends have no effect: the server would answer them while
everyone else waits.
"""

import os
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from core.embedded.postgres import Postgres
from tests.api.conftest import another_process
from tests.api.console_socket import console


def answers(socket: ClientConnection, message: BackMsg) -> list[ForwardMsg]:
    """Send a message and a heartbeat; return what comes until the heartbeat is answered."""
    for each in (message, BackMsg(app_heartbeat=True)):
        socket.send(each.SerializeToString())
    received = [ForwardMsg()]
    while not received[-1].heartbeat_ack:
        received.append(ForwardMsg())
        received[-1].ParseFromString(bytes(socket.recv(timeout=60)))  # type: ignore[arg-type]
    return received[1:]


def addresses(socket: ClientConnection, files: int) -> int:
    """Return how many addresses of so many files to upload are sent."""
    message = BackMsg()
    message.file_urls_request.file_names.extend(["a.md"] * files)
    return sum(len(each.file_urls_response.file_urls) for each in answers(socket, message))


def test_thousands_of_files_get_addresses_to_upload_to_and_more_get_none(
    whole: str, database: Postgres
) -> None:
    with console(whole) as socket:
        assert addresses(socket, 2_000) == 2_000
        assert addresses(socket, 100_000) == 0


def test_a_message_with_more_widgets_than_any_page_has_runs_no_page(
    whole: str, database: Postgres
) -> None:
    message = BackMsg()
    for number in range(100_000):
        message.rerun_script.widget_states.widgets.add(id=str(number), trigger_value=True)
    with console(whole) as socket:
        assert len(answers(socket, message)) == 1  # of the heartbeat


def test_no_browser_makes_the_server_run_git(
    data: Path, database: Postgres, tmp_path: Path
) -> None:
    # 500 requests for the state of git kept every page waiting for 20 s
    ran, git = tmp_path / "ran", tmp_path / "git"
    git.write_text(f"#!/bin/sh\ntouch {ran}\n")
    git.chmod(0o700)
    with (
        another_process(data, PATH=f"{tmp_path}:{os.environ['PATH']}") as address,
        console(address) as socket,
    ):
        answers(socket, BackMsg(load_git_info=True))
    assert not ran.exists()
