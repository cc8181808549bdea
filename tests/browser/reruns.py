"""How often a page was run, as the server says: the page itself shows a run only once something of
it has arrived, so that it seems to be idle for a moment after each click.
"""

from collections import Counter
from typing import Literal

from playwright.sync_api import Page, WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

Kind = Literal["page", "part"]  # an open dialog is a part, and so is what looks again by itself
KINDS: dict[int, Kind] = {
    ForwardMsg.FINISHED_SUCCESSFULLY: "page",
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY: "part",
}


class Runs:
    """The runs of a page and of its parts that have ended; created before the page is opened."""

    def __init__(self, page: Page) -> None:
        """Begin to count."""
        self.ended: Counter[Kind] = Counter()
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        if "/_stcore/stream" in socket.url:
            socket.on("framereceived", self._note)

    def _note(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            said = ForwardMsg.FromString(frame)
            if said.HasField("script_finished") and said.script_finished in KINDS:
                self.ended[KINDS[said.script_finished]] += 1
