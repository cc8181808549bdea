"""Search objects by the beginning of a name or ID, as far as the actor may read them.

Each statement uses an index (migration 0073), so that the time does not grow with the workspace.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    UnaryExpression,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.operators import custom_op

from core.activity.models.users import User
from core.ai_metrics.models import AiRequest
from core.batches.models import BatchRunRecord
from core.conversations import highlights
from core.conversations.models import Conversation
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.ingest.external_ids import keys_of
from core.knowledge.models import SORTED_CHARS, Document
from core.presentation import formatting
from core.prompts.models import PromptTemplate
from core.prompts.queries.prompts import is_visible
from core.search.schemas import HitKind, SearchHit

LEAST_CHARACTERS, LONGEST_QUERY = 2, 200
MOST_OF_A_KIND = 5
IN_INDEX_ORDER = custom_op[Any]("using ~<~")  # as text_pattern_ops sorts
LAST_CHARACTER = "\U0010ffff"  # what sorts after everything that begins with a text

users, talks, requests = table_of(User).c, table_of(Conversation).c, table_of(AiRequest).c
runs, documents, prompts = (
    table_of(BatchRunRecord).c,
    table_of(Document),
    table_of(PromptTemplate).c,
)


def search(core: Session, ai: Session, words: str, *, actor: Actor) -> list[SearchHit]:
    """Return at most five objects of each kind, ordered by kind; nothing for less than two
    characters.
    """
    wanted = storable(words).strip()[:LONGEST_QUERY]
    if len(wanted) < LEAST_CHARACTERS:
        return []
    found: list[SearchHit] = []
    if may(actor, Permission.WATCH):
        found += _find_users(core, wanted)
    if may(actor, Permission.READ_CONTENTS):
        found += _find_conversations(core, wanted)
    if may(actor, Permission.WATCH):
        found += [*_find_requests(core, wanted), *_find_runs(core, wanted)]
    if may(actor, Permission.READ_CONTENTS):
        found += _find_documents(ai, wanted)
    if may(actor, Permission.EDIT_PROMPTS):
        found += _find_prompts(core, wanted, actor)
    return found


def _find_users(session: Session, wanted: str) -> Iterable[SearchHit]:
    shown = select(users.id, users.external_id, users.email, users.display_name)
    names = (users.external_id, users.display_name, users.email)
    for row in _named(session, shown, users.id, keys_of("user", wanted), names, wanted):
        title = row["display_name"] or row["email"] or row["external_id"]
        note = row["external_id"] if title != row["external_id"] else ""
        yield _hit(HitKind.USER, title, note, "users", user=row["id"])


def _find_conversations(session: Session, wanted: str) -> Iterable[SearchHit]:
    shown = select(talks.id, talks.external_id, talks.title, talks.last_message_at)
    names, keys = (talks.external_id, talks.title), keys_of("conversation", wanted)
    for row in _named(session, shown, talks.id, keys, names, wanted):
        day = f"{row['last_message_at']:%-d %b %Y}"
        note = f"{row['external_id']} · {day}" if row["title"] else day
        title = row["title"] or row["external_id"]
        yield _hit(HitKind.CONVERSATION, title, note, "tuning", conversation=row["id"])


def _find_requests(session: Session, wanted: str) -> Iterable[SearchHit]:
    """Yield the requests with this whole ID, which alone has an index in each partition."""
    shown = select(requests.id, requests.external_id, requests.model, requests.created_at)
    whole = shown.where(requests.id.in_(keys_of("ai_request", wanted))).limit(MOST_OF_A_KIND)
    for row in session.execute(whole).mappings():
        note = f"{row['model']} · {formatting.moment_in_utc(row['created_at'])}"
        title = row["external_id"] or str(row["id"])
        yield _hit(HitKind.REQUEST, title, note, "ai-metrics", request=row["id"], days="90")


def _find_runs(session: Session, wanted: str) -> Iterable[SearchHit]:
    shown = select(runs.id, runs.batch_run_id, runs.batch_job, runs.status, runs.started_at)
    names = (runs.batch_run_id, runs.batch_job)
    for row in _named(session, shown, runs.id, (), names, wanted):
        name = row["batch_run_id"]
        note = (
            f"{row['batch_job']} · {row['status']} · {formatting.moment_in_utc(row['started_at'])}"
        )
        yield _hit(HitKind.RUN, name, note, "batch-history", run=name, days="90")


def _find_documents(session: Session, wanted: str) -> Iterable[SearchHit]:
    shown = select(documents.c.id, documents.c.title, documents.c.scope)
    names, keys = (func.left(documents.c.title, SORTED_CHARS),), keys_of("document", wanted)
    found = list(_named(session, shown, documents.c.id, keys, names, wanted))
    if not found:  # else words that begin titles are enough
        has_word = highlights.has_words(documents, wanted)
        is_in_title = documents.c.title.icontains(wanted, autoescape=True)
        within = shown.where(has_word, is_in_title).limit(MOST_OF_A_KIND)
        found = list(session.execute(within).mappings())
    for row in found:
        yield _hit(HitKind.DOCUMENT, row["title"], row["scope"], "knowledge", document=row["id"])


def _find_prompts(session: Session, wanted: str, actor: Actor) -> Iterable[SearchHit]:
    """Yield prompts with this in the name: they are few."""
    named = or_(
        prompts.id.in_(keys_of("prompt", wanted)), prompts.name.icontains(wanted, autoescape=True)
    )
    shown = select(prompts.id, prompts.name, prompts.usage_count).where(named, is_visible(actor))
    ordered = shown.order_by(func.lower(prompts.name)).limit(MOST_OF_A_KIND)
    for row in session.execute(ordered).mappings():
        note = formatting.count(row["usage_count"], "execution")
        yield _hit(HitKind.PROMPT, row["name"], note, "prompts", prompt=row["id"])


def _named(
    session: Session,
    shown: Select[Any],
    id_: ColumnElement[Any],
    keys: Iterable[UUID],
    names: Iterable[ColumnElement[Any]],
    wanted: str,
) -> Iterable[RowMapping]:
    """Yield the first rows with one of the keys or with a name that begins so, each once.

    Each name has a statement of its own, which reads five rows of its index, however many match.
    """
    each = [
        shown.where(id_.in_(list(keys))),
        *(_beginning(shown, name, wanted) for name in names),
    ]
    limited = (select(one.limit(MOST_OF_A_KIND).subquery()) for one in each)
    found = session.execute(union_all(*limited)).mappings()
    distinct = {row["id"]: row for row in found}
    return islice(distinct.values(), MOST_OF_A_KIND)


def _beginning(shown: Select[Any], name: ColumnElement[Any], wanted: str) -> Select[Any]:
    """Return the rows whose name begins so, in the order of its index, which does not depend on
    the database's language.
    """
    lowered, first = func.lower(name), wanted.lower()
    is_within = (lowered.op("~>=~")(first), lowered.op("~<~")(first + LAST_CHARACTER))
    return shown.where(*is_within).order_by(UnaryExpression(lowered, modifier=IN_INDEX_ORDER))


def _hit(kind: HitKind, title: str, note: str, page: str, **query: object) -> SearchHit:
    named = {name: str(value) for name, value in query.items()}
    return SearchHit(kind=kind, title=title, note=note, page=page, query=named)
