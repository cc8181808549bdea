"""Names of sessions, from their first message."""

MAX_NAME_CHARS = 60


def name_from(message: str) -> str:
    """Return the beginning of a message, cut between two words."""
    text = " ".join(message.split())
    return (
        text if len(text) <= MAX_NAME_CHARS else text[: MAX_NAME_CHARS - 1].rsplit(" ", 1)[0] + "…"
    )
