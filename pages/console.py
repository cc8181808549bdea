"""The console's main script: sign-in, the navigation for the account's role, and the open page.

It stands inside `pages/`, not beside it: beside a `pages/` folder Streamlit's old navigation would
open pages before sign-in.
"""

import functools
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.identity.schemas import Actor, Role
from pages import account_menu, demo_banner, navigation
from pages._ui import dialogs, errors, frame, guard, links, tables, text

STATIC = Path(__file__).resolve().parent / "static"


def main() -> None:
    # A file: for an icon by name, browsers would fetch a font from another host
    st.set_page_config("Attune", str(STATIC / "mark.png"), layout="wide", initial_sidebar_state=232)
    frame.style()
    actor: Actor | None = None
    with errors.InWords("The console"):
        actor = guard.enter()
    if actor is not None:
        enter(actor).run()
    elif (before := guard.last_actor()) is not None:
        # The page that was clicked stays the one of this tab, so that trying again leads to it; it
        # does not run.
        _navigate(navigation.sections_of(before, navigation.account_page()), before)
    else:
        # Streamlit's navigation must be called in every run, or it looks for pages by itself.
        st.navigation(
            [st.Page(_nowhere, title="Attune"), *_at(links.ADDRESSES, _nowhere)], position="hidden"
        )


def enter(actor: Actor) -> st.Page:
    """Draw the sidebar, and return the requested page."""
    you = navigation.account_page()
    sections = navigation.sections_of(actor, you)
    page = _navigate(sections, actor)
    links.show_query(page.url_path)
    # Of a navigation with one page in it, Streamlit shows nothing.
    shown = [each for pages in sections.values() for each in pages if each is not you]
    if len(shown) == 1:
        st.sidebar.page_link(shown[0])
    account_menu.draw(actor, you, sections)
    tables.listen()
    frame.cover_page_left()
    dialogs.begin_run()
    demo_banner.draw(actor)
    errors.say_what_happened()
    return page


def _navigate(sections: dict[str, list[st.Page]], actor: Actor) -> st.Page:
    """Draw the navigation, and return the requested page."""
    hidden = [home(sections), *closed(sections, actor)]
    page = st.navigation({**sections, "": [*hidden, *sections.get("", [])]}, expanded=True)
    if page.title != "Attune":
        st.set_page_config(f"{page.title} · Attune")
    st.logo(str(STATIC / "logo.svg"), size="large", icon_image=str(STATIC / "mark.svg"))
    return page


def home(sections: dict[str, list[st.Page]]) -> st.Page:
    """Return the page at `/`, which redirects to the first page."""
    first = next(page for pages in sections.values() for page in pages)
    return st.Page(
        lambda: st.switch_page(first),
        title="Attune",
        url_path="home",
        # Streamlit's default page has no address of its own: no page of ours is the default
        default=True,
        visibility="hidden",
    )


def closed(sections: dict[str, list[st.Page]], actor: Actor) -> list[st.Page]:
    """Return placeholders for pages that the account may not open; Streamlit would deny that they
    exist.
    """
    opened = [page for pages in sections.values() for page in pages]
    return [
        _hidden(functools.partial(_refuse, address, actor, opened[0]), address)
        for address in sorted(links.ADDRESSES - {page.url_path for page in opened})
    ]


def _refuse(address: str, actor: Actor, first: st.Page) -> None:
    """Say which roles may open the page, so that a shared link explains itself."""
    title, roles = _access(address, actor)
    st.title("You don't have access to this page", anchor=False)
    own = text.ROLES[actor.role] if actor.role else "API key"
    with frame.empty_state(
        "lock",
        f"{title} is not open to your role",
        f"Your role is {own}. {title} is open to: {', '.join(text.ROLES[role] for role in roles)}. "
        "Send the link to one of them, or ask a super admin to change your role.",
    ):
        st.page_link(first, label=f"Go to {first.title}")


def _access(address: str, actor: Actor) -> tuple[str, list[Role]]:
    """Return the title of the page at an address, and the roles that may open it."""
    title, roles = "", []
    for role in Role:
        # By the navigation itself, so that there is no second list of who may open what
        pages = navigation.sections_of(
            replace(actor, role=role), navigation.account_page()
        ).values()
        if page := next(
            (each for some in pages for each in some if each.url_path == address), None
        ):
            title = page.title
            roles.append(role)
    return title, roles


def _at(addresses: Collection[str], draw: Callable[[], None]) -> list[st.Page]:
    return [_hidden(draw, address) for address in sorted(addresses)]


def _hidden(draw: Callable[[], None], address: str) -> st.Page:
    return st.Page(draw, title="Attune", url_path=address, visibility="hidden")


def _nowhere() -> None:
    pass


main()
