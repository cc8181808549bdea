"""The figures of a promoted version beside those of the version before."""

from dataclasses import replace

from sqlalchemy.orm import Session

from core.ai_metrics.views import AiMetricsQuery
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.chains.promotion_views import PromotionEffect
from core.insights.queries.chains import chain_hops
from core.insights.queries.prompt_versions import prompt_versions


def find_effect(
    core: Session, ai: Session, query: AiMetricsQuery, *, actor: Actor
) -> PromotionEffect | None:
    """Return the newest promotion of the version that a query filters by, with the figures of both
    versions in its period; None for a version that is not ours, or that no label was moved to.
    """
    require(actor, Permission.WATCH)
    of_it = chain_hops.by_title(query.prompt_version or "")
    version = chain_hops.find_version(core, *of_it, actor=actor)
    promotion = chain_hops.find_promotion_of(core, version) if version else None
    if version is None or promotion is None:
        return None
    before = promotion.from_version
    previous = version._replace(number=before).title if before is not None else None
    # Both versions in one read, each with its share of all requests
    found = prompt_versions(core, ai, replace(query, prompt_version=None), actor=actor)
    figures = {each.prompt_version: each for each in found}
    return PromotionEffect(
        label=promotion.label,
        version=version.title,
        previous_version=previous,
        moved_at=promotion.moved_at,
        until=promotion.until,
        before=figures.get(previous) if previous else None,
        after=figures.get(version.title),
    )
