"""Names of sessions, from their first message, and titles of their system prompts."""

from hashlib import sha256

MAX_NAME_CHARS = 60
DEFAULT_PROMPT = "Default prompt"


def name_from(message: str) -> str:
    """Return the beginning of a message, cut between two words."""
    text = " ".join(message.split())
    return (
        text if len(text) <= MAX_NAME_CHARS else text[: MAX_NAME_CHARS - 1].rsplit(" ", 1)[0] + "…"
    )


def prompt_title(custom_prompt: str | None) -> str:
    """Return the title of a system prompt that has no name; equal texts have equal titles."""
    if not (custom_prompt or "").strip():
        return DEFAULT_PROMPT
    # A digest groups equal prompts where their texts must not be shown
    return f"Custom prompt {sha256((custom_prompt or '').encode()).hexdigest()[:6]}"
