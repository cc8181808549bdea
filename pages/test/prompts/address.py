"""What the page's address shows of a prompt: a section, or a version."""

from uuid import UUID

import streamlit as st

from pages._ui import sections, state

OPEN, VERSION, SECTION = "prompt", "version", "prompts.section"
VERSIONS = "Versions"


def show(prompt_id: UUID) -> None:
    """Open a prompt, from a callback or before a rerun."""
    st.query_params.from_dict(sections.list_address(OPEN, VERSION) | {OPEN: str(prompt_id)})


def close() -> None:
    """Go back to the list and its filters, from a callback."""
    st.query_params.from_dict(sections.list_address(OPEN, VERSION))


def take_over(prompt_id: UUID) -> None:
    """Show the version that a link names, once."""
    number = st.query_params.pop(VERSION, "")
    # int() refuses thousands of digits
    if number.isdecimal() and len(number) < 10:
        sections.show(VERSIONS)
        state.put(version_key(prompt_id), int(number))


def version_key(prompt_id: UUID) -> str:
    """Return the key of the version that section Versions shows."""
    return f"prompts.version.{prompt_id}"
