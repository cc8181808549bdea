"""What a promotion changed in production."""

from datetime import datetime

from core.identity.schemas import View
from core.insights.prompt_figures import PromptVersionFigures


class PromotionEffect(View):
    """The version that a label was moved to and the one before, each with its figures in a period;
    null without requests in it. `until` is when the label moved on.
    """

    label: str
    version: str
    previous_version: str | None
    moved_at: datetime
    until: datetime | None
    before: PromptVersionFigures | None
    after: PromptVersionFigures | None
