"""A page shows times in UTC to a browser that names no time zone that there is."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.embedded.postgres import Postgres
from tests.api.console_socket import console

FOLDER, TOO_LONG, TOO_DEEP = "Europe", "a" * 300, "a/" * 5000 + "a"


@pytest.mark.parametrize("zone", ["Europe/Atlantis", FOLDER, TOO_LONG, TOO_DEEP])
def test_a_page_with_a_time_is_drawn_for_an_unknown_zone(
    whole: str, database: Postgres, zone: str
) -> None:
    message = BackMsg()
    message.rerun_script.page_name = "users"
    message.rerun_script.context_info.timezone = zone
    with console(whole) as socket:
        socket.send(message.SerializeToString())
        drawn, received = "", ForwardMsg()
        while not received.HasField("script_finished"):
            received.ParseFromString(bytes(socket.recv(timeout=60)))  # type: ignore[arg-type]
            drawn += str(received)
    assert "updated" in drawn
    assert "Something went wrong" not in drawn
