"""Why an answer ended: stored in its vendor's word, compared in OpenAI's."""

IN_OPENAIS_WORDS = {
    # Anthropic's
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    # Mistral's
    "model_length": "length",
}


def in_openais_words(reason: str | None) -> str | None:
    """Return OpenAI's word for a vendor's reason; one that has none stays as it is."""
    return IN_OPENAIS_WORDS.get(reason or "", reason)


def is_cut_off(reason: str | None) -> bool:
    """Whether a limit of tokens ended the answer."""
    return in_openais_words(reason) == "length"


def is_refused(reason: str | None) -> bool:
    """Whether the model or its provider's content filter refused to answer."""
    return in_openais_words(reason) == "content_filter"
