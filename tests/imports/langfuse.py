"""Observations as Langfuse exports them."""

GENERATION = {
    "id": "obs-1",
    "traceId": "trace-1",
    "parentObservationId": "obs-0",
    "type": "GENERATION",
    "name": "answer",
    "startTime": "2026-03-04T05:06:07.000Z",
    "endTime": "2026-03-04T05:06:08.500Z",
    "completionStartTime": "2026-03-04T05:06:07.250Z",
    "model": "gpt-4o",
    "level": "DEFAULT",
    "statusMessage": None,
    "input": [{"role": "user", "content": "Where is it?"}],
    "output": {"role": "assistant", "content": "Here."},
    "usageDetails": {"input": 11, "output": 4, "total": 15},
    "costDetails": {"total": 0.00042},
    "userId": "u1",
    "sessionId": "s1",
    "metadata": {"team": "blue"},
}
TOOL = {
    **GENERATION,
    "id": "obs-2",
    "parentObservationId": "obs-1",
    "type": "TOOL",
    "name": "search",
    "model": None,
    "usageDetails": {},
}
FAILED = {
    **GENERATION,
    "id": "obs-3",
    "level": "ERROR",
    "statusMessage": "too many requests",
    "output": None,
}
SPAN_ONLY = {
    **GENERATION,
    "id": "obs-0",
    "parentObservationId": None,
    "type": "SPAN",
    "model": None,
    "usageDetails": None,
}
