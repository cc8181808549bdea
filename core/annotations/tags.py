"""The tags that there are: those that admins offer, and those that annotations have."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from core import memo
from core.annotations import settings
from core.identity.schemas import Actor, View

MOST = 500
USED = text("""
select tag, count(*) from ai_admin_annotations as notes, unnest(tags) as tag
where not exists (
    select from review_items as item
    where item.message_id = notes.message_id and item.state = 'waiting' and item.reviews_wanted > 1
        and (item.id = notes.review_item_id or item.created_at <= notes.created_at))
group by tag order by count(*) desc, tag limit :most""")


class TagView(View):
    """A tag, on how many annotations it is, and whether admins offer it."""

    tag: str
    count: int
    is_offered: bool


def list_tags(core: Session, ai: Session, *, actor: Actor) -> list[TagView]:
    """Return the tags, those that are offered first."""
    offered = settings.read(core, actor=actor).tags
    used = dict(memo.ordered("tags of annotations", lambda: [(tag, count) for tag, count in ai.execute(USED, {"most": MOST})]))
    others = [tag for tag in used if tag not in offered]
    return [TagView(tag=tag, count=used.get(tag, 0), is_offered=tag in offered) for tag in [*offered, *others]]
