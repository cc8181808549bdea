"""What each KPI is: how it is computed, which rows count, and when new ones do."""

from collections.abc import Mapping

FRESH = "New rows count within 10 seconds."
LATENCY = "Of all requests that have a latency, failed ones too. Approximate: within 1%."
AI = {
    "requests": f"Your product's calls to models, failed and pending ones too. {FRESH}",
    "p95_latency": f"95% of requests ended at least this fast. {LATENCY} {FRESH}",
    "p95_first_token": (
        "95% of streamed answers began at least this fast. Of all requests that have a time to "
        f"first token. Approximate: within 1%. {FRESH}"
    ),
    "error_rate": f"Failed requests divided by all that have ended, not pending ones. {FRESH}",
    "cost": f"Tokens times the prices in Settings, or the cost that was sent. {FRESH}",
    "tokens": f"Input and output tokens of all requests. {FRESH}",
}
OVERVIEW = {
    **AI,
    "users": (
        f"Distinct users with an event, AI request or message on the days of the period. {FRESH}"
    ),
    "new_users": f"Active users who were never active before the period. {FRESH}",
    "conversion": (
        "Users who reached the funnel's last step divided by those who started in the period. "
        f"Recent users may still convert. {FRESH}"
    ),
    "feedback": f"Thumbs-up, or 4–5 of 5, divided by all ratings. {FRESH}",
}
BATCHES = {
    "runs": f"Batch runs that started in the period, whatever their status. {FRESH}",
    "success": f"Completed runs divided by completed, failed, partial and lost ones. {FRESH}",
    "bad": f"Runs that ended as failed or partial, or are lost. {FRESH}",
    "duration": f"Half of the runs took at most this long. Finished runs only. {FRESH}",
}
USAGE = {
    "calls": "Model calls made from Attune, failed ones too. Counted when this page is drawn.",
    "cost": (
        "Of calls with a price. Unpriced calls used tokens, and have no known cost. "
        "Counted when this page is drawn."
    ),
    "tokens": "Input and output tokens of all calls. Counted when this page is drawn.",
    "error_rate": "Failed calls divided by all calls. Counted when this page is drawn.",
    "p95_time": (
        "95% of calls took at most this long, from the call to its last token. "
        "Approximate: within 1%. Counted when this page is drawn."
    ),
}
FEEDBACK = {
    "positive": f"Thumbs-up, or 4–5 of 5, divided by all ratings. {FRESH}",
    "rated": f"Ratings of answers and of whole conversations. {FRESH}",
    "comments": f"Ratings with a comment. {FRESH}",
    "edits": f"Ratings with an answer that the user edited. {FRESH}",
}


def with_notes(definitions: Mapping[str, str], notes: Mapping[str, str]) -> dict[str, str]:
    """Return the definitions, each followed by what is to be said of this figure now."""
    return {name: f"{words} {notes.get(name, '')}".strip() for name, words in definitions.items()}
