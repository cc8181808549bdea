"""Share sessions with accounts, which read them or fork them."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.identity import queries as people
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.playground import encrypted_texts, message_rows, queries, session_files
from core.playground.branches import queries as shown
from core.playground.models import PlaygroundReplay, PlaygroundShare
from core.playground.schemas import PlaygroundSessionView
from core.playground.service import session_transfer
from core.playground.sharing import queries as readable
from core.playground.sharing.schemas import SessionReader, SessionReaders


def share(
    session: Session, session_id: UUID, readers: SessionReaders, *, actor: Actor
) -> list[SessionReader]:
    """Share a session of the actor with these accounts, and no others.

    Raises PlaygroundSessionMissing, or Invalid for an email without an account.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, session_id, owner=actor.id, lock=True)
    emails = list(dict.fromkeys(each.email.strip().lower() for each in readers.accounts))
    ids = people.ids_by_email(session, emails)
    session.execute(delete(PlaygroundShare).where(PlaygroundShare.session_id == row.id))
    session.add_all(
        PlaygroundShare(session_id=row.id, admin_user_id=id_)
        for id_ in ids.values()
        if id_ != row.owner
    )
    message_rows.touch(session, row)  # accounts that may no longer read it see that at once
    audit.record(
        session,
        "playground.share",
        actor,
        targets={"session_id": str(row.id)},
        after={"accounts": emails},
    )
    return readable.list_readers(session, row.id, owner=actor.id)


def fork(session: Session, session_id: UUID, *, actor: Actor) -> PlaygroundSessionView:
    """Copy a session that the actor may read, with all its branches, to one of their own.

    Its messages cost nothing there: no call belongs to them. Raises PlaygroundSessionMissing.
    """
    require(actor, Permission.RUN_MODELS)
    view = readable.get(session, session_id, account=actor.id)
    messages = queries.list_messages(session, session_id)
    tree = shown.read_tree(session, session_id)
    leaf = shown.leaf_of(session, session_id, tree)
    file = session_files.as_file(view, messages, tree, leaf)
    audit.record(session, "playground.fork", actor, targets={"session_id": str(session_id)})
    made = session_transfer.import_session(session, file, actor=actor)
    _copy_replay(session, session_id, made.session_id)
    return made


def _copy_replay(session: Session, session_id: UUID, fork_id: UUID) -> None:
    """Make the fork of a replay one too: what came before its question is sent with it, and the
    rules for messages of users hold.
    """
    row = queries.find_replay(session, session_id)
    if row is None:
        return
    case = encrypted_texts.case_of(row)
    copy = PlaygroundReplay(
        session_id=fork_id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        annotation_id=row.annotation_id,
        evaluation_id=row.evaluation_id,
        case_id=row.case_id,
        texts=encrypted_texts.seal_case(case, fork_id) if case else None,
    )
    session.add(copy)
