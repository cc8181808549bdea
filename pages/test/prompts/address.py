"""What the page's address shows of a prompt: a section, or a version."""

from uuid import UUID

import streamlit as st

from pages._ui import state

OPEN, SECTION = "prompt", "prompts.section"
VERSIONS = "Versions"


def show(prompt_id: UUID) -> None:
    """Open a prompt, from a callback or before a rerun."""
    st.query_params.from_dict({OPEN: str(prompt_id)})
    state.forget(SECTION)


def close() -> None:
    """Go back to the list, from a callback."""
    st.query_params.pop(OPEN, None)


def take_over(prompt_id: UUID, sections: tuple[str, ...]) -> None:
    """Show the section or the version that a link names, once."""
    section = st.query_params.pop("section", None)
    if section in sections:
        state.put(SECTION, section)
    number = st.query_params.pop("version", "")
    # int() refuses thousands of digits
    if number.isdecimal() and len(number) < 10:
        state.put(SECTION, VERSIONS)
        state.put(version_key(prompt_id), int(number))


def version_key(prompt_id: UUID) -> str:
    """Return the key of the version that section Versions shows."""
    return f"prompts.version.{prompt_id}"
