"""The command palette of every page: pages and actions at once, and objects as they are found.

The browser opens it and filters pages and actions by itself; a search runs this fragment only, not
the page behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from core.errors import Failure
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.search.queries import LEAST_CHARACTERS, search
from core.search.schemas import HitKind, SearchHit
from pages._ui import errors, frame, guard, links, state

KEY = "console.palette"
NO_INPUT: Final[Mapping[str, Any]] = {}
HTML = """<div class="row"><button type="button" name="search"><span>Search</span> <kbd></kbd>
</button><button type="button" name="keys" aria-label="Keyboard shortcuts">?</button></div>"""
GROUPS = {
    HitKind.USER: ("Users", "person"),
    HitKind.CONVERSATION: ("Conversations", "forum"),
    HitKind.REQUEST: ("AI requests", "monitoring"),
    HitKind.RUN: ("Batch runs", "view_timeline"),
    HitKind.DOCUMENT: ("Documents", "menu_book"),
    HitKind.PROMPT: ("Prompts", "edit_note"),
}

_palette = st.components.v2.component(
    "attune_palette",
    html=HTML,
    css=frame.read("parts/search_button.css"),
    js=frame.read("parts/palette.js"),
)


@dataclass(frozen=True)
class PaletteAction:
    """Something to begin from any page; `query` leads to where it begins."""

    title: str
    icon: str
    permission: Permission
    page: str
    query: Mapping[str, str] = field(default_factory=dict)


ACTIONS = (
    PaletteAction(
        "Invite account", "person_add", Permission.MANAGE_ACCOUNTS, "accounts", {"action": "invite"}
    ),
    PaletteAction(
        "New API key",
        "key",
        Permission.MANAGE_KEYS,
        "settings",
        {"section": "API keys", "action": "key"},
    ),
    PaletteAction(
        "Add provider",
        "cable",
        Permission.MANAGE_PROVIDERS,
        "settings",
        {"section": "Providers", "action": "provider"},
    ),
    PaletteAction(
        "Import a file", "upload_file", Permission.MANAGE_IMPORTS, "settings", {"section": "Import"}
    ),
    PaletteAction("New prompt", "add", Permission.EDIT_PROMPTS, "prompts", {"action": "prompt"}),
    PaletteAction("New bot", "add", Permission.RUN_MODELS, "bots", {"action": "bot"}),
    PaletteAction("New dataset", "add", Permission.RUN_MODELS, "datasets", {"action": "dataset"}),
    PaletteAction("New evaluation", "add", Permission.RUN_MODELS, "evaluations", {"new": "1"}),
    PaletteAction(
        "Open review queue", "rate_review", Permission.ANNOTATE, "tuning", {"view": "queue"}
    ),
)


@st.fragment
def draw(actor: Actor, sections: Mapping[str, Sequence[st.Page]]) -> None:
    """Draw the way to the palette; `sections` are the pages that the actor may open."""
    with suppress(StreamlitPageNotFoundError):  # of another role: it was changed meanwhile
        links.follow()
    words = str((state.get(KEY, None) or NO_INPUT).get("words") or "")
    _palette(
        key=KEY,
        data={
            "commands": [*_pages(sections), *_actions(actor)],
            "words": words,
            "found": [_item(hit) for hit in find(words)],
            "least": LEAST_CHARACTERS,
        },
        on_words_change=lambda: None,
        on_open_change=_open,
    )


def find(words: str) -> list[SearchHit]:
    """Return what a search finds; nothing during an outage, which the page reports."""
    if len(words) < LEAST_CHARACTERS:
        return []
    with suppress(Failure), guard.work_on_both() as (core, ai, actor):
        return search(core, ai, words, actor=actor)
    return []


@errors.action
def _open() -> None:
    chosen = (state.get(KEY, None) or NO_INPUT).get("open") or {}
    # The browser names the page, so that any text may come
    if chosen.get("page") in links.FILES:
        query = {str(name): str(value) for name, value in chosen.get("query", {}).items()}
        links.go(chosen["page"], **query)


def _pages(sections: Mapping[str, Sequence[st.Page]]) -> Iterable[dict[str, Any]]:
    for pages in sections.values():
        for page in pages:
            yield {
                "group": "Pages",
                "title": page.title,
                "icon": page.icon.removeprefix(":material/").rstrip(":"),
                "page": page.url_path,
                "query": {},
            }


def _actions(actor: Actor) -> Iterable[dict[str, Any]]:
    for action in ACTIONS:
        if may(actor, action.permission):
            yield {
                "group": "Actions",
                "title": action.title,
                "icon": action.icon,
                "page": action.page,
                "query": dict(action.query),
            }


def _item(hit: SearchHit) -> dict[str, Any]:
    group, icon = GROUPS[hit.kind]
    shown = hit.model_dump(include={"title", "note", "page", "query"})
    return {**shown, "group": group, "icon": icon}
