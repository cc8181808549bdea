"""Settings, Tools: MCP servers, whose tools models may call."""

from functools import partial
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.mcp_servers import check, queries, service
from core.mcp_servers.schemas import McpServerStatus, McpServerView, NewMcpServer
from core.presentation import formatting
from core.tools import mcp_tools
from pages._ui import dialogs, errors, frame, guard, state, text
from pages.system.settings import cards

NAME, URL, TOKEN = "mcp.name", "mcp.url", "mcp.token"
BADGES = {
    McpServerStatus.UNTESTED: ":gray-badge[Untested]",
    McpServerStatus.WORKING: ":green-badge[Working]",
    McpServerStatus.FAILING: ":red-badge[Failing]",
}
WRONG = {
    "name": "Use up to 20 lower-case letters, digits and - for the name.",
    "url": "Enter the server's address.",
    "token": "A token has no spaces.",
}


def draw() -> None:
    with guard.work() as (session, actor):
        servers = queries.list_servers(session, actor=actor)
    row = frame.section_row("MCP servers", "tools that models may call", width=cards.WIDTH_PX)
    row.button("Add server", icon=":material/add:", on_click=_open_form)
    if not servers:
        frame.empty_state(
            "build",
            "No MCP servers yet",
            "Add a server, then choose its tools in the playground or name them in API calls.",
            width=cards.WIDTH_PX,
        )
    for server in servers:
        _draw_server(server)


def _draw_server(server: McpServerView) -> None:
    title = f"**{text.plain(server.name)}**\u2002{BADGES[server.status]}"
    with cards.card(title, partial(_draw_buttons, server)):
        st.caption(_facts(server))
        cards.draw_problem(server.status_detail)
        if server.tools:
            _draw_tools(server)


def _draw_buttons(server: McpServerView) -> None:
    if cards.button("Test connection", "sync", key=f"mcp.test-{server.id}"):
        with st.spinner("Asking for its tools…", show_time=True), errors.InWords("Connection test"):
            check.check_as(server.id, actor=guard.enter())
        st.rerun()
    ask = partial(_ask_to_remove, server)
    cards.button("Remove", "delete", key=f"mcp.remove-{server.id}", on_click=ask)


def _facts(server: McpServerView) -> str:
    facts = [text.code(server.url), "token set" if server.has_token else "no token"]
    if server.checked_at:
        facts.append(f"tested {text.since(server.checked_at)}")
    return " · ".join(facts)


def _draw_tools(server: McpServerView) -> None:
    with st.expander(formatting.count(len(server.tools), "tool")):
        example = mcp_tools.name_of(server.name, server.tools[0].name)
        st.caption(f"In API calls, put the server's name before the tool's: {text.plain(example)}")
        for tool in server.tools:
            badge = " :gray-badge[Read only]" if tool.is_read_only else ""
            described = text.plain(text.one_line(tool.description)[:300])
            st.markdown(
                f"**{text.plain(text.one_line(tool.name))}**{badge}  \n:gray[:small[{described}]]"
            )


def _open_form() -> None:
    state.forget(NAME, URL, TOKEN)

    @st.dialog("Add MCP server")
    def form() -> None:
        st.text_input(
            "Name",
            key=NAME,
            max_chars=20,
            placeholder="docs",
            help="Lower case. Used as a prefix for the names of its tools.",
        )
        st.text_input("Address", key=URL, placeholder="https://mcp.example.com/mcp")
        st.text_input("Bearer token (optional)", key=TOKEN, type="password", autocomplete="off")
        st.caption(
            "For servers with Streamable HTTP. Private addresses must be listed in "
            "ATTUNE_ALLOW_HOSTS. Results are untrusted: after one, a person must confirm calls "
            "that change data."
        )
        dialogs.submit("Add server", add, key="mcp")

    form()


def add() -> None:
    token = state.get(TOKEN, "").strip()
    try:
        given = NewMcpServer(
            name=state.get(NAME, "").strip(), url=state.get(URL, "").strip(), token=token or None
        )
    except ValidationError as wrong:
        raise Invalid(WRONG[str(wrong.errors()[0]["loc"][0])]) from None
    with guard.work() as (session, actor):
        added = service.add_server(session, given, actor=actor)
    # After the transaction: it reads the server that was stored, and waits for it.
    check.check_as(added.id, actor=actor)
    state.toast("MCP server added")


def _ask_to_remove(server: McpServerView) -> None:
    body = f"{text.plain(server.name)}: models can no longer call its tools."
    dialogs.confirm("Remove this MCP server?", body, "Remove server", remove, server.id, key="mcp")


@errors.action
def remove(server_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.remove_server(session, server_id, actor=actor)
    state.toast("MCP server removed")
