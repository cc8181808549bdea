"""Tags: configured ones and those in use."""

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from core.annotations import settings
from core.annotations.queries.annotation_list import is_blind, notes
from core.identity.schemas import Actor, View

MOST = 500
tag = func.unnest(notes.c.tags).table_valued("tag").render_derived("tag")
USED = (
    select(tag.c.tag, func.count())
    .select_from(notes.join(tag, true()))
    # The tags of an open blind review would disclose its verdict
    .where(~is_blind())
    .group_by(tag.c.tag)
    .order_by(func.count().desc(), tag.c.tag)
    .limit(MOST)
)


class TagView(View):
    """A tag, on how many annotations it is, and whether admins offer it."""

    tag: str
    count: int
    is_offered: bool


def list_tags(core: Session, ai: Session, *, actor: Actor) -> list[TagView]:
    """Return tags, configured ones first."""
    offered = settings.read(core, actor=actor).tags
    used = {name: count for name, count in ai.execute(USED)}
    others = [name for name in used if name not in offered]
    return [
        TagView(tag=name, count=used.get(name, 0), is_offered=name in offered)
        for name in [*offered, *others]
    ]
