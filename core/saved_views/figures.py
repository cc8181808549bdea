"""The figures that the card of a saved view can show, by page: the main one first."""

from core.saved_views.schemas import ViewPage

# Names and labels as `core.insights.view_figures` returns them
FIGURES: dict[ViewPage, dict[str, str]] = {
    ViewPage.OVERVIEW: {
        "users": "Active users",
        "new_users": "New users",
        "conversion": "Conversion",
        "p95_latency": "p95 latency",
        "error_rate": "Error rate",
        "cost": "Cost",
        "feedback": "Positive feedback",
    },
    ViewPage.USERS: {"users": "Users"},
    ViewPage.ONBOARDING: {"conversion": "Conversion", "started": "Started onboarding"},
    ViewPage.ENGAGEMENT: {"active_users": "Active users", "new_users": "New users"},
    ViewPage.AI_METRICS: {
        "requests": "Requests",
        "p95_latency": "p95 latency",
        "p95_first_token": "p95 first token",
        "error_rate": "Error rate",
        "cost": "Cost",
        "tokens": "Tokens",
    },
    ViewPage.BATCH_HISTORY: {
        "runs": "Runs",
        "success": "Success rate",
        "duration": "Median duration",
        "bad": "Failed, partial or lost",
    },
    ViewPage.CONVERSATIONS: {"conversations": "Conversations"},
    ViewPage.ANNOTATIONS: {"annotations": "Annotations"},
    ViewPage.DOCUMENTS: {"documents": "Documents"},
    ViewPage.MEMORIES: {"memories": "Memories"},
    ViewPage.FEEDBACK: {
        "positive": "Positive",
        "rated": "Ratings",
        "comments": "Commented",
        "edits": "Edited",
    },
}
