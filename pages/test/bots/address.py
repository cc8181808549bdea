"""What the page's address shows of a bot."""

from uuid import UUID

import streamlit as st

OPEN = "bot"


def show(bot_id: UUID) -> None:
    """Open a bot, from a callback or before a rerun."""
    st.query_params.from_dict({OPEN: str(bot_id)})


def close() -> None:
    """Go back to the list, from a callback."""
    st.query_params.clear()
