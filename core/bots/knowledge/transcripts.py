"""A conversation as judges and simulated users read it."""

from collections.abc import Sequence

from core.bots.knowledge.items import INSIDE
from core.providers.schemas import ChatMessage, MessageRole

SPEAKERS = {MessageRole.USER: "Customer", MessageRole.ASSISTANT: "Bot"}


def transcript(conversation: Sequence[ChatMessage]) -> str:
    """Return a conversation between tags, with the speaker of each message."""
    # Each between tags of its own: an answer could else pose as a message of the customer
    said = "\n".join(
        INSIDE.between("message", f"{_speaker(each)}: {each.content}") for each in conversation
    )
    return f"<conversation>\n{said}\n</conversation>"


def _speaker(message: ChatMessage) -> str:
    return SPEAKERS.get(message.role, message.role.capitalize())
