"""A page shows when it was read by the browser's clock; to a browser that names no time zone that
there is, in UTC.
"""

import re

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.embedded.postgres import Postgres
from tests.api.console_socket import console

FOLDER, TOO_LONG, TOO_DEEP = "Europe", "a" * 300, "a/" * 5000 + "a"


def drawn(whole: str, zone: str) -> str:
    """Return the messages of a page with a time, as a browser of that zone receives them."""
    message = BackMsg()
    message.rerun_script.page_name = "users"
    message.rerun_script.context_info.timezone = zone
    with console(whole) as socket:
        socket.send(message.SerializeToString())
        messages, received = "", ForwardMsg()
        while not received.HasField("script_finished"):
            received.ParseFromString(bytes(socket.recv(timeout=60)))  # type: ignore[arg-type]
            messages += str(received)
    return messages


@pytest.mark.parametrize("zone", ["Europe/Atlantis", FOLDER, TOO_LONG, TOO_DEEP])
def test_a_page_with_a_time_is_drawn_for_an_unknown_zone(
    whole: str, database: Postgres, zone: str
) -> None:
    # A folder or a name too long for a file is no KeyError of zoneinfo
    messages = drawn(whole, zone)
    assert "updated" in messages
    assert "Something went wrong" not in messages


@pytest.mark.parametrize(("zone", "named"), [("Asia/Tokyo", " (Asia/Tokyo)"), ("UTC", "")])
def test_the_browsers_zone_is_named_where_it_is_not_that_of_the_dates(
    whole: str, database: Postgres, zone: str, named: str
) -> None:
    caption = re.search(r'updated ([^"]*)', drawn(whole, zone))
    assert caption is not None
    assert re.fullmatch(rf"\d\d:\d\d:\d\d{re.escape(named)}", caption[1].replace("\\", ""))
