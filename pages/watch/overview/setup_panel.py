"""The checklist of a new workspace: from a key to the first colleague."""

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor, NewApiKey, Scope
from core.identity.service import api_keys
from core.platform.config import config
from core.setup import queries, service
from core.setup.schemas import SetupProgress, SetupStep
from pages._ui import errors, guard, links, state, text
from pages.watch.overview.setup_code import samples

FRESH_KEY, STEPS_DONE, NAME = "setup.key", "setup.done", "First key"
LOOKS_EVERY_S = 3.0
PLACEHOLDER = "<your key>"
TITLES = {
    SetupStep.KEY: ("Create an API key", "Your product sends its data with it."),
    SetupStep.DATA: ("Send a first row", "This list updates by itself."),
    SetupStep.FUNNEL: ("See users in your funnel", "Its steps are event types that you send."),
    SetupStep.PROVIDER: ("Add a model provider", "To test prompts with the models you use."),
    SetupStep.INVITE: ("Invite a colleague", "Reviewers annotate answers; analysts view metrics."),
}


def draw(actor: Actor, *, is_open: bool) -> None:
    """Draw the checklist for admins until all is done, or it is hidden; open at first, or not."""
    if not may(actor, Permission.MANAGE_KEYS):
        return
    with guard.work() as (session, known):
        progress = queries.find_progress(session, actor=known)
    if not progress.is_hidden and not progress.is_complete:
        state.put(STEPS_DONE, progress.done)
        _draw(is_open=is_open)


@st.fragment(run_every=LOOKS_EVERY_S)
def _draw(*, is_open: bool) -> None:
    with errors.InWords("Setup"):
        with guard.work() as (session, actor):
            progress = queries.find_progress(session, actor=actor)
        if SetupStep.DATA in progress.done - state.get(STEPS_DONE, frozenset()):
            st.rerun()  # there are figures now
        _draw_steps(progress, actor, is_open=is_open)


def _draw_steps(progress: SetupProgress, actor: Actor, *, is_open: bool) -> None:
    with st.expander(
        f"Set up Attune: {len(progress.done)} of {len(TITLES)} done",
        key="setup",
        icon=":material/checklist:",
        expanded=is_open,
    ):
        for step in TITLES:
            _draw_step(step, progress, actor)
        st.button("Hide this list", key="setup.hide", type="tertiary", on_click=_hide)


def _draw_step(step: SetupStep, progress: SetupProgress, actor: Actor) -> None:
    title, reason = TITLES[step]
    is_done = step in progress.done
    icon = ":green[:material/check_circle:]" if is_done else ":gray[:material/circle:]"
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        note = "" if is_done else f"\u2002:gray[:small[{reason}]]"
        st.markdown(f"{icon}\u2002{title}{note}", width="content")
        if not is_done:
            _draw_action(step, actor)
    is_next = SetupStep.DATA not in progress.done and SetupStep.KEY in progress.done
    if step is SetupStep.DATA and is_next:
        _draw_code()


def _draw_action(step: SetupStep, actor: Actor) -> None:
    match step:
        case SetupStep.KEY:
            st.button("Create API key", key="setup.create", icon=":material/key:", on_click=_create)
        case SetupStep.DATA:
            links.draw("settings", "Import a file", icon="upload_file", section="Import")
        case SetupStep.FUNNEL:
            links.draw("onboarding", "View funnel", icon="filter_alt")
        case SetupStep.PROVIDER:
            links.draw(
                "settings", "Add provider", icon="hub", section="Providers", action="provider"
            )
        case SetupStep.INVITE:
            if may(actor, Permission.MANAGE_ACCOUNTS):
                links.draw("accounts", "Invite account", icon="person_add", action="invite")


def _draw_code() -> None:
    key: str | None = state.get(FRESH_KEY, None)
    if key:
        st.caption("The key is in the code below. Copy it now; it won't be shown again.")
    else:
        st.caption(f"Put your API key where it says {text.plain(PLACEHOLDER)}.")
    shown = samples(config().address, key or PLACEHOLDER)
    for tab, (code, language) in zip(st.tabs(list(shown)), shown.values(), strict=True):
        tab.code(code, language=language, wrap_lines=True)


@errors.action
def _create() -> None:
    with guard.work() as (session, actor):
        given = NewApiKey(name=NAME, scopes=frozenset({Scope.INGEST}))
        made = api_keys.create(session, given, actor=actor)
    state.put(FRESH_KEY, made.key)


@errors.action
def _hide() -> None:
    with guard.work() as (session, actor):
        service.hide(session, actor=actor)
    state.forget(FRESH_KEY)
