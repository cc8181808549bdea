"""What there is to find in the demo: questions, each with the page and filters that answer it."""

from dataclasses import dataclass, field
from datetime import datetime

from core.demo.generator.calendar import DAY, Calendar
from core.presentation.periods import in_address


@dataclass(frozen=True)
class Story:
    """A question; `page` is the console's address of its answer, `query` the filters that show it."""

    question: str
    icon: str
    page: str
    query: dict[str, str] = field(default_factory=dict)


def stories(until: datetime) -> list[Story]:
    """Return what there is to find in a demo that ends at a moment, the most striking first."""
    calendar = Calendar(until)
    slow, bug = calendar.latency, calendar.portfolio_bug
    return [
        Story(
            "Which model was slow, and for how long?",
            "speed",
            "ai-metrics",
            {"start": in_address(slow.start - DAY), "end": in_address(slow.end + DAY), "model": "claude-sonnet-4-5"},
        ),
        Story(
            "Where did release 2.6.0 lose users?",
            "filter_alt",
            "onboarding",
            {
                "start": in_address(bug.start),
                "end": in_address(bug.end),
                "against": "previous",
                "step": "3",
                "error_code": "PF-422",
            },
        ),
        Story(
            "What fails on Monday nights?",
            "view_timeline",
            "batch-history",
            {"start": in_address(calendar.ago(36)), "end": in_address(until), "job": "nightly-ripening"},
        ),
        Story("Why do answers cost more since 2.7.0?", "payments", "ai-metrics", {"days": "30"}),
        Story("Which tool fails?", "handyman", "ai-metrics", {"days": "7"}),
        Story("Where do reviewers disagree?", "balance", "tuning", {"view": "summary", "days": "30"}),
    ]
