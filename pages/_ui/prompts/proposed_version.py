"""A version that another page proposes for a prompt: its editor begins with it."""

from typing import NamedTuple
from uuid import UUID

from core.providers.schemas import Parameters
from pages._ui import links, state


class ProposedVersion(NamedTuple):
    """A system text with what it was tried with, and a note that says where it comes from."""

    text: str
    model: str | None
    parameters: Parameters
    note: str


def open_editor(prompt_id: UUID, proposed: ProposedVersion) -> None:
    """Open the editor of a prompt with a proposed version, from a callback."""
    state.put(_key(prompt_id), proposed)
    links.go("prompts", prompt=str(prompt_id))


def take(prompt_id: UUID) -> ProposedVersion | None:
    """Return once what was proposed for a prompt, or None."""
    found: ProposedVersion | None = state.take(_key(prompt_id))
    return found


def _key(prompt_id: UUID) -> str:
    return f"prompts.proposed.{prompt_id}"
