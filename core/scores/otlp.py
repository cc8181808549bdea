"""Scores of AI requests in spans: OpenTelemetry's event `gen_ai.evaluation.result`."""

import math
from collections.abc import Iterable, Iterator

from core.ai_metrics.otlp import outcomes
from core.ai_metrics.otlp.dialects import word
from core.ai_metrics.otlp.spans import Attributes
from core.ai_metrics.otlp.steps import MappedSpan
from core.ingest.rows import FUTURE
from core.platform import clock
from core.scores.schemas import NewScore

EVENT, LONGEST_COMMENT = "gen_ai.evaluation.result", 1_000_000


def scores_of(taken: Iterable[MappedSpan]) -> Iterator[NewScore]:
    """Yield the scores of requests; an event without a name, or without a finite value and a
    label, is none.
    """
    latest = clock.now() + FUTURE
    for mapped in taken:
        for place, event in enumerate(mapped.span.events):
            if event.name == EVENT:
                at = event.at_ns or mapped.span.end_ns
                # The same ID each time, so that a span that is sent again is scored once
                score = _score(mapped, f"{mapped.request.id}-{place}", event.attributes, at)
                if score is not None and score.wrong(latest) is None:
                    yield score


def _score(mapped: MappedSpan, id_: str, attributes: Attributes, at_ns: int) -> NewScore | None:
    name = word(attributes, ("gen_ai.evaluation.name",))
    value = attributes.get("gen_ai.evaluation.score.value")
    explained = word(attributes, ("gen_ai.evaluation.explanation",), LONGEST_COMMENT)
    request = mapped.request
    if name is None:
        return None
    return NewScore(
        id=id_,
        created_at=outcomes.moment(at_ns),
        environment=request.environment,
        app=request.app,
        release=request.release,
        name=name,
        value=_number(value),
        label=word(attributes, ("gen_ai.evaluation.score.label",)),
        comment=explained,
        ai_request_id=request.id,
        conversation_id=request.conversation_id,
        user_id=request.user_id,
    )


def _number(given: object) -> float | None:
    """Return a number as a float, infinity if it is too large for one."""
    if not isinstance(given, int | float):
        return None
    try:
        return float(given)
    except OverflowError:
        return math.inf
