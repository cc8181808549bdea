"""Review settings of a workspace: sampling, lease duration, tags, guidelines."""

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from core.annotations.schemas import LONGEST_TEXT, Tags
from core.annotations.score_rules import ScoreRule
from core.database import settings
from core.identity.permissions import Permission, require, require_any
from core.identity.schemas import Actor
from core.identity.service import audit

FIRST_TAGS = ("tone", "accuracy", "completeness", "safety", "policy")


class ReviewSettings(settings.SettingsGroup):
    """The review settings of a workspace."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"lease_minutes": 15, "sample_share": 0.02}}
    )

    sample_share: float = Field(
        default=0.05, ge=0, le=1, description="Of the answers that nothing speaks against."
    )
    double_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of the items that two people review independently.",
    )
    lease_minutes: int = Field(default=10, ge=1, le=1440)
    slow_ms: int = Field(
        default=15_000, ge=1, le=86_400_000, description="An answer that took longer is slow."
    )
    oldest_days: int = Field(
        default=30, ge=1, le=3650, description="Older messages do not join the queue by themselves."
    )
    score_rules: list[ScoreRule] = Field(
        default=[],
        max_length=50,
        description="Answers with such a score join the queue; a conversation's, its last answer.",
    )
    tags: Tags = Field(default=list(FIRST_TAGS), validate_default=True)
    guidelines: str = Field(
        default="", max_length=LONGEST_TEXT, description="What reviewers go by, in Markdown."
    )
    single_keys: bool = Field(
        default=True, description="Whether one key alone does something in the queue."
    )


def read(core: Session, *, actor: Actor) -> ReviewSettings:
    require_any(actor, Permission.ANNOTATE, Permission.READ_CONTENTS)
    return settings.read(core, ReviewSettings)


def change(
    core: Session, rules: ReviewSettings, *, actor: Actor, loaded: ReviewSettings | None = None
) -> ReviewSettings:
    """Store the given fields, and return all settings; they apply to new items and leases.

    Raises Forbidden or SettingsChanged.
    """
    require(actor, Permission.DECIDE_REVIEWS)
    before, after = settings.amend(core, rules, by=actor.id, loaded=loaded)
    old, new = before.model_dump(), after.model_dump()
    changed = [name for name in new if new[name] != old[name]]
    audit.record(
        core,
        "review.change",
        actor,
        before={x: old[x] for x in changed},
        after={x: new[x] for x in changed},
    )
    return after
