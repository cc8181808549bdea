"""Words for states and ratings, as others have them: in lower case, with `_` for spaces and
hyphens.
"""

import re

from core.imports.fields import words
from core.imports.parsed import RowKind

# `unset` is a span without an error; `default`, `debug`, `info` and `warning` are levels below one.
WENT_WELL = words(
    "ok success succeeded successful complete completed done finished stop passed pass true yes y "
    "good fulfilled 0 none default info debug unset warning"
)
WENT_WRONG = words(
    "error err errored failed failure fail failing exception fatal critical timeout timed_out "
    "timedout time_out cancelled canceled aborted rejected refused rate_limited ratelimited "
    "throttled overloaded crashed false no n bad incomplete expired killed"
)
NAMELESS = frozenset(
    words("error err errored failed failure fail false true 0 1 no yes n y bad ok success")
)
STILL_RUNS = words(
    "pending running queued in_progress inprogress processing started waiting open active "
    "scheduled submitted new"
)
RUN_STATES = (
    dict.fromkeys(
        words("completed complete success succeeded successful ok done finished passed"),
        "completed",
    )
    | dict.fromkeys(
        words("failed failure fail error errored timed_out timeout startup_failure crashed"),
        "failed",
    )
    | dict.fromkeys(words("running in_progress started pending queued active"), "running")
    | dict.fromkeys(
        words("partial partially_succeeded partially_completed warning unstable"), "partial"
    )
    | {"lost": "lost"}
)
STATES = {
    RowKind.AI_REQUESTS: dict.fromkeys(WENT_WELL, "ok")
    | dict.fromkeys(WENT_WRONG, "error")
    | dict.fromkeys(STILL_RUNS, "pending"),
    RowKind.BATCH_RUNS: RUN_STATES,
    RowKind.CONVERSATIONS: dict.fromkeys(
        words("closed resolved solved done ended completed finished"), "closed"
    )
    | dict.fromkeys(words("active open new ongoing in_progress"), "active")
    | {"waiting_human": "waiting_human", "escalated": "waiting_human", "human": "human"},
    RowKind.DOCUMENTS: dict.fromkeys(words("published public live active"), "published")
    | {"draft": "draft", "private": "draft"},
    # Without its scale, a 1 of five stars would be thumbs up
    RowKind.FEEDBACK: {"thumbs": "thumbs", "five": "five"},
    RowKind.SCORES: {"rule": "rule", "code": "rule", "api": "api"}
    | dict.fromkeys(words("judge eval llm model"), "judge")
    | dict.fromkeys(words("person human annotation annotator user"), "person"),
    RowKind.ANNOTATIONS: {"correction": "correction", "improvement": "improvement", "flag": "flag"}
    | dict.fromkeys(words("approved accepted"), "approved")
    | dict.fromkeys(words("minor low"), "minor")
    | dict.fromkeys(words("moderate medium"), "moderate")
    | dict.fromkeys(words("critical high"), "critical")
    | {"pending": "pending", "reviewed": "reviewed", "applied": "applied"},
    RowKind.MEMORIES: {
        "preference": "preference",
        "rule": "rule",
        "fact": "fact",
        "instruction": "rule",
    },
}
THUMBS_UP = frozenset(
    words(
        "1 +1 up thumbs_up thumbsup thumb_up like liked positive good helpful yes true 👍 "
        "happy satisfied upvote"
    )
)
THUMBS_DOWN = frozenset(
    words(
        "-1 0 down thumbs_down thumbsdown thumb_down dislike disliked negative bad unhelpful "
        "not_helpful no false 👎 unhappy downvote"
    )
)
HYPHEN = re.compile(r"(?<=\w)-")


def rating_word(written: str) -> str:
    """Return a rating as these tables have it."""
    # The hyphen of -1 is its sign, that of thumbs-up is none
    return HYPHEN.sub("_", written.strip().lower().replace(" ", "_"))
