"""Read the branch of a session that is shown: what its page, its history and models see."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.playground import queries
from core.playground.branches.message_tree import MessageTree
from core.playground.errors import NotEditable, PlaygroundMessageMissing
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import PlaygroundMessageView, Speaker


def read_tree(session: Session, session_id: UUID) -> MessageTree:
    """Return all messages of a session as a tree. The caller has checked the owner."""
    table = PlaygroundMessage
    rows = session.execute(
        select(table.position, table.parent_position, table.id).where(
            table.session_id == session_id
        )
    ).all()
    parents = {at: at - 1 if parent is None else parent for at, parent, _ in rows}
    return MessageTree({at: id_ for at, _, id_ in rows}, parents)


def leaf_of(session: Session, session_id: UUID, tree: MessageTree) -> int:
    """Return the position of the last message that is shown, 0 when there is none."""
    row = session.get(PlaygroundSession, session_id)
    return (row and row.leaf_position) or tree.newest


def list_shown(session: Session, session_id: UUID) -> list[PlaygroundMessageView]:
    """Return the messages of the shown branch in order. The caller has checked the owner."""
    tree = read_tree(session, session_id)
    return list_at(session, session_id, tree, tree.path_to(leaf_of(session, session_id, tree)))


def page_shown(session: Session, session_id: UUID, window: Window) -> Page[PlaygroundMessageView]:
    """Return a page of the messages of the shown branch. The caller has checked the owner."""
    tree = read_tree(session, session_id)
    path = tree.path_to(leaf_of(session, session_id, tree))
    part = path[window.offset : window.offset + window.limit]
    return window.page(list_at(session, session_id, tree, part), len(path))


def list_at(
    session: Session, session_id: UUID, tree: MessageTree, positions: Sequence[int]
) -> list[PlaygroundMessageView]:
    """Return the messages at these positions in order, with the alternatives of each."""
    alternatives = {tree.ids[at]: tree.alternatives(at) for at in positions}
    found = queries.list_messages(session, session_id, positions=positions)
    return [it.model_copy(update={"alternatives": alternatives[it.id]}) for it in found]


def list_until(session: Session, session_id: UUID, leaf: int) -> list[PlaygroundMessageView]:
    """Return the messages of the branch that ends with a position, whether it is shown or not."""
    path = read_tree(session, session_id).path_to(leaf)
    return queries.list_messages(session, session_id, positions=path)


def parent_of_next(session: Session, row: PlaygroundSession, edits: UUID | None) -> int:
    """Return the position that the next message follows: what the message that it `edits`
    follows, else the last one that is shown.

    Raises PlaygroundMessageMissing, or NotEditable for an answer.
    """
    tree = read_tree(session, row.id)
    if edits is None:
        return leaf_of(session, row.id, tree)
    message = session.get(PlaygroundMessage, edits)
    # A message of another account is reported like one that does not exist
    if message is None or message.session_id != row.id:
        raise PlaygroundMessageMissing
    if message.role != Speaker.USER:
        raise NotEditable
    return tree.parents[message.position]
