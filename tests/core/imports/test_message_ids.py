"""Messages without an ID of their own get one that no other message of the conversation has."""

from core.conversations.schemas import NewConversation
from core.imports.ingest.chunks import Identity, cut
from core.imports.parsed import ParsedRow, RowKind
from core.platform import clock


def test_a_message_without_an_id_is_not_taken_for_the_one_whose_id_is_its_place() -> None:
    said = [{"role": "user", "content": word} for word in ("a", "b", "c")]
    conversation = {"id": "c1", "messages": [said[0] | {"id": "1"}, *said[1:]]}
    parsed = ParsedRow(1, 1, RowKind.CONVERSATIONS, conversation)
    [chunk] = cut([parsed], Identity("a" * 64, clock.now()), after=0)
    [good] = chunk.rows[RowKind.CONVERSATIONS]
    assert isinstance(good.row, NewConversation)
    assert [message.id for message in good.row.messages] == ["1", "place-1", "2"]
