"""The questions that the demo answers, each with the console's page and filters."""

from core.demo.stories import Story
from core.presentation.periods import in_address
from tools.demo.calendar import DAY, Calendar
from tools.demo.prompts import PROMPT


def stories(calendar: Calendar) -> list[Story]:
    """Return them with their days, the most striking first."""
    slow, bug = calendar.latency, calendar.portfolio_bug
    return [
        Story(
            "Which model was slow, and for how long?",
            "speed",
            "ai-metrics",
            {
                "start": in_address(slow.start - DAY),
                "end": in_address(slow.end + DAY),
                "model": "claude-sonnet-4-5",
            },
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
            {"start": in_address(calendar.ago(36)), "end": "{now:0}", "job": "nightly-ripening"},
        ),
        Story("Why do answers cost more since 2.7.0?", "payments", "ai-metrics", {"days": "30"}),
        Story(
            "Did version 9 of the prompt help?",
            "edit_note",
            "ai-metrics",
            {"days": "30", "prompt_version": f"{PROMPT}@9"},
        ),
        Story("Which tool fails?", "handyman", "ai-metrics", {"days": "7"}),
        Story(
            "Where do reviewers disagree?", "balance", "tuning", {"view": "summary", "days": "30"}
        ),
    ]
