"""Settings, Tools: MCP servers, whose tools models may call."""

from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.mcp_servers import check, queries, service
from core.mcp_servers.schemas import McpServerStatus, McpServerView, NewMcpServer
from core.presentation import formatting
from pages._ui import dialogs, errors, frame, guard, state, text

NAME, URL, TOKEN = "mcp.name", "mcp.url", "mcp.token"
WIDTH = 760
STATES = {
    McpServerStatus.UNTESTED: ("gray", "Untested"),
    McpServerStatus.WORKING: ("green", "Working"),
    McpServerStatus.FAILING: ("red", "Failing"),
}
WRONG = {
    "name": "Use up to 20 lower-case letters, digits and - for the name.",
    "url": "Enter the server's address.",
    "token": "A token has no spaces.",
}


def draw() -> None:
    with guard.work() as (session, actor):
        servers = queries.list_servers(session, actor=actor)
    row = frame.section_row("MCP servers", "tools that models may call", width=WIDTH)
    row.button("Add server", icon=":material/add:", on_click=_open_form)
    if not servers:
        frame.empty_state(
            "build",
            "No MCP servers yet",
            "Add one, and choose its tools in the playground or name them in calls by API.",
            width=WIDTH,
        )
    for server in servers:
        _draw_server(server)


def _draw_server(server: McpServerView) -> None:
    with st.container(border=True, width=WIDTH, gap="xsmall"):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        colour, words = STATES[server.status]
        row.markdown(
            f"**{text.plain(server.name)}**\u2002:{colour}-badge[{words}]", width="content"
        )
        with row.container(horizontal=True, width="content", gap="xsmall"):
            _draw_buttons(server)
        st.caption(_facts(server))
        if server.status is McpServerStatus.FAILING and server.status_detail:
            st.markdown(f":red[:material/error:] :small[{text.plain(server.status_detail)}]")
        if server.tools:
            _draw_tools(server)


def _draw_buttons(server: McpServerView) -> None:
    if st.button(
        "Test connection", key=f"mcp.test-{server.id}", type="tertiary", icon=":material/sync:"
    ):
        with st.spinner("Asking for its tools…", show_time=True), errors.InWords("Connection test"):
            check.check_as(server.id, actor=guard.enter())
        st.rerun()
    st.button(
        "Remove",
        key=f"mcp.remove-{server.id}",
        type="tertiary",
        icon=":material/delete:",
        on_click=_ask_to_remove,
        args=(server,),
    )


def _facts(server: McpServerView) -> str:
    facts = [f"`{server.url.replace('`', '')}`", "token set" if server.has_token else "no token"]
    if server.checked_at:
        facts.append(f"tested {text.since(server.checked_at)}")
    return " · ".join(facts)


def _draw_tools(server: McpServerView) -> None:
    with st.expander(formatting.count(len(server.tools), "tool")):
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
        st.text_input("Name", key=NAME, max_chars=20, help="Begins the names of its tools.")
        st.text_input("Address", key=URL, placeholder="https://mcp.example.com/mcp")
        st.text_input("Token (optional)", key=TOKEN, type="password", autocomplete="off")
        st.caption(
            "Streamable HTTP. A private address must be in ATTUNE_ALLOW_HOSTS. What the server "
            "returns is not trusted: after it, a person confirms what changes data."
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
