"""Start, duration and status of a span."""

from datetime import datetime

from core.ai_metrics.otlp import dialects
from core.ai_metrics.otlp.dialects import word
from core.ai_metrics.otlp.spans import Span
from core.platform.clock import EPOCH, MICROSECOND

LONGEST_TEXT = 1_000_000
MOST_MS = 2**31 - 1
OTHER_ERROR = "_OTHER"  # what OpenTelemetry calls an error that says nothing of itself


def moment(nanoseconds: int) -> datetime:
    """Return a time of a span."""
    return EPOCH + nanoseconds // 1000 * MICROSECOND


def milliseconds(nanoseconds: int) -> int:
    """Return whole milliseconds, as far as an int4 holds them."""
    return max(-MOST_MS, min((nanoseconds + 500_000) // 1_000_000, MOST_MS))


def duration_ms(span: Span) -> int | None:
    """Return a span's duration, or None without an end."""
    return milliseconds(span.end_ns - span.start_ns) if span.end_ns else None


def error_of(span: Span) -> tuple[str | None, str | None]:
    """Return an error's type and words; a span without either has gone well."""
    named = word(span.attributes, dialects.ERROR_TYPE, dialects.LONGEST_WORD)
    if named is None and not span.is_error:
        return None, None
    thrown = next(
        (event.attributes for event in reversed(span.events) if event.name == "exception"), {}
    )
    kind = named or word(thrown, ("exception.type",), dialects.LONGEST_WORD) or OTHER_ERROR
    return kind, (span.status_message or word(thrown, ("exception.message",), LONGEST_TEXT) or "")[
        :LONGEST_TEXT
    ] or None
