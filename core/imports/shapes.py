"""Which of the known shapes the first records of a file have; and what is known, but cannot be imported yet."""

from core.imports import guess, kinds
from core.imports.dialogues import dialogues, single_turns, take_key
from core.imports.files import Unreadable
from core.imports.formats import articles, benchmark, langfuse, runs, spans, turns
from core.imports.json_files import KEY, VALUE
from core.imports.mapping import Mapping, Rule, Shape
from core.imports.parsed import Kind
from core.imports.samples import Found, Object, Sample, values_by_path
from core.imports.unready import NotYet, not_yet

# Records


def shape_of(sample: Sample, chosen: Shape | None = None) -> Found | NotYet:
    """Return what the records are, the surest signs first, or as what somebody wants them read; raise Unreadable."""
    first = sample.first[0]
    if chosen is not None:
        return _chosen(sample, first, chosen)
    for known in (_spans, _langfuse, _unready, _runs, _benchmark, _articles, dialogues, single_turns):
        if (found := known(sample, first)) is not None:
            return found
    return _table(sample)


def _chosen(sample: Sample, first: Object, chosen: Shape) -> Found | NotYet:
    found: Found | NotYet | None
    match chosen:
        case Shape.TABLE:
            return _table(sample)
        case Shape.DIALOGUES | Shape.EXCHANGES:
            found = dialogues(sample, first)
        case Shape.TURNS:
            found = single_turns(sample, first)
        case Shape.ARTICLES:
            found = _articles(sample, first)
        case Shape.WORKFLOW_RUNS:
            found = _runs(sample, first)
        case Shape.BENCHMARK:
            found = _benchmark(sample, first)
        case _:
            kind = (
                Kind.CONVERSATIONS
                if chosen is Shape.LANGFUSE_TRACES and not langfuse.has_observations(first)
                else Kind.AI_REQUESTS
            )
            found = Found(chosen, SPANS[chosen], kind, sample.mapping(kind, format=chosen), OTLP)
    if found is None:
        raise Unreadable(
            f"The records in this file are not {chosen.replace('_', ' ')}. Choose a table type, then map the columns."
        )
    return found


SPANS = {
    Shape.OTLP: "OpenTelemetry spans (OTLP JSON)",
    Shape.PHOENIX: "Spans exported by Phoenix or the OpenTelemetry console exporter",
    Shape.LANGFUSE_OBSERVATIONS: "Langfuse observations",
    Shape.LANGFUSE_TRACES: "Langfuse traces",
}


def _spans(sample: Sample, first: Object) -> Found | None:
    if sample.records in ("resourceSpans.item", "batches.item") or "resourceSpans" in first:
        return Found(
            "otlp",
            "OpenTelemetry spans (OTLP JSON)",
            Kind.AI_REQUESTS,
            sample.mapping(Kind.AI_REQUESTS, format=Shape.OTLP),
            (*OTLP, *spans.warning(first)),
        )
    if spans.is_span(first):
        title = "Spans exported by Phoenix or the OpenTelemetry console exporter"
        return Found("phoenix", title, Kind.AI_REQUESTS, sample.mapping(Kind.AI_REQUESTS, format=Shape.PHOENIX), OTLP)
    return None


OTLP = (
    "Model calls become AI requests and, where their texts were captured, conversations. Tool calls become steps. "
    "Other spans are skipped.",
)


def _langfuse(sample: Sample, first: Object) -> Found | None:
    if langfuse.is_observation(first):
        mapping = sample.mapping(Kind.AI_REQUESTS, format=Shape.LANGFUSE_OBSERVATIONS)
        return Found("langfuse_observations", "Langfuse observations", Kind.AI_REQUESTS, mapping, OTLP)
    if langfuse.is_trace(first):
        kind = Kind.AI_REQUESTS if langfuse.has_observations(first) else Kind.CONVERSATIONS
        return Found("langfuse_traces", "Langfuse traces", kind, sample.mapping(kind, format=Shape.LANGFUSE_TRACES))
    return None


def _unready(sample: Sample, first: Object) -> NotYet | None:
    del sample
    return not_yet(first)


def _runs(sample: Sample, first: Object) -> Found | None:
    if not runs.is_run(first):
        return None
    fields = {}
    repository = sample.beside.get("repo") or sample.beside.get("repository")
    if isinstance(repository, str):
        fields["app"] = Rule(constant=repository[:500])
    mapping = sample.mapping(Kind.BATCH_RUNS, format=Shape.WORKFLOW_RUNS, fields=fields)
    return Found("workflow_runs", "Workflow runs", Kind.BATCH_RUNS, mapping, ("Jobs of a run become phases.",))


def _benchmark(sample: Sample, first: Object) -> Found | None:
    if not benchmark.is_detailed(first):
        return None
    mapping = sample.mapping(Kind.AI_REQUESTS, format=Shape.BENCHMARK)
    return Found("vllm_benchmark", "vLLM benchmark with single requests", Kind.AI_REQUESTS, mapping)


def _articles(sample: Sample, first: Object) -> Found | None:
    if sample.records != "*":
        return None
    inner = {
        str(each[KEY]): each.get(VALUE, {name: value for name, value in each.items() if name != KEY}) for each in sample.first
    }
    if turns.turns_in(first) is not None or not articles.are_articles(inner):
        return None
    mapping = sample.mapping(Kind.DOCUMENTS, format=Shape.ARTICLES)
    return Found("articles", "Texts under headings", Kind.DOCUMENTS, mapping, ("Each heading becomes a document.",))


# Dialogues


# Tables


def _table(sample: Sample) -> Found | NotYet:
    samples = values_by_path(sample.first, sample.columns)
    kind = kinds.kind_of(samples)
    if kind is None:
        return Found("table", "A table", None, sample.mapping(Kind.EVENTS))
    fields = guess.fields_of(samples, kind)
    notes: tuple[str, ...] = ()
    if kind is Kind.EVENTS and "event_type" not in fields:
        fields["event_type"] = Rule(constant="imported.row")
        notes = ("No event type column found: all rows get “imported.row”. Change it below, or choose another row type.",)
    if kind in (Kind.USERS, Kind.DOCUMENTS, Kind.MEMORIES):
        take_key(fields, sample, "id")
    mapping = sample.mapping(kind, format=Shape.TABLE, fields=fields)
    return Found("table", f"A table of {TITLES[kind]}", kind, mapping, notes)


TITLES = {
    Kind.EVENTS: "events",
    Kind.AI_REQUESTS: "AI requests",
    Kind.CONVERSATIONS: "conversations",
    Kind.FEEDBACK: "feedback",
    Kind.BATCH_RUNS: "batch runs",
    Kind.DOCUMENTS: "documents",
    Kind.MEMORIES: "memories",
    Kind.USERS: "users",
}


def turns_of(record: Object, mapping: Mapping) -> list[Object]:
    """Return the turns of a record; of a file that has one a record, the record itself."""
    if mapping.turns is None or not mapping.turns.path:
        return [record]
    return turns.spoken(record, mapping.turns)
