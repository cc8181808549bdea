"""The active service beside the chat: its state, its addresses, and when it was changed."""

import streamlit as st

from core.services.schemas import ServiceView
from pages._ui import text


def draw(service: ServiceView | None) -> None:
    """Draw the active service, or say that there is none."""
    with st.container(key="service-card", gap="xxsmall"):
        if service is None:
            st.caption("No active service: the model below answers.")
            return
        colour, words = text.SERVICE_STATES[service.status]
        name = text.plain(text.one_line(service.name))
        st.markdown(
            f":blue-badge[:material/hub: {name}] :{colour}-badge[{words}]",
            help="The active service answers unless you choose a model.",
        )
        lines = [f"Chat {text.code(service.chat_url)}"]
        if service.upload_url:
            lines.append(f"Upload {text.code(service.upload_url)}")
        lines.append(f"Changed {text.since(service.updated_at)}")
        st.caption("  \n".join(lines))
        if service.status_detail:
            st.markdown(f":red[:material/error:] :small[{text.plain(service.status_detail)}]")
