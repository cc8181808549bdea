"""The console's websocket, as a signed-in browser uses it."""

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from core.identity.schemas import Role, SessionKind
from tests.factories.identity import person


def console(address: str) -> ClientConnection:
    """Return a connection to the console."""
    account = person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)
    return connect(
        f"{address.replace('http', 'ws', 1)}/_stcore/stream",
        origin=Origin(address),
        additional_headers={"Cookie": f"attune={account.token}"},
        max_size=None,
    )


def run_page(socket: ClientConnection, page: str = "", *, text: str = "", click: str = "") -> None:
    """Run a page; after a text in a field or a click on a button, given by its ID."""
    message = BackMsg()
    message.rerun_script.page_name = page
    if text:
        message.rerun_script.widget_states.widgets.add(id="message", string_value=text)
    if click:
        message.rerun_script.widget_states.widgets.add(id=click, trigger_value=True)
    socket.send(message.SerializeToString())
