"""Which of the known shapes the first records of a file have; and what is known, but cannot be imported yet."""

from core.imports.containers.files import FileUnreadable
from core.imports.containers.json_files import KEY, VALUE
from core.imports.formats import articles, benchmark, langfuse, runs, spans, turns
from core.imports.mapping import FieldRule, Mapping, RecordShape
from core.imports.parsed import RowKind
from core.imports.recognition import guess, kinds
from core.imports.recognition.dialogues import dialogues, single_turns, take_key
from core.imports.recognition.samples import FileSample, Object, RecognisedFile, values_by_path
from core.imports.recognition.unready import NotYet, not_yet

# Records


def shape_of(sample: FileSample, chosen: RecordShape | None = None) -> RecognisedFile | NotYet:
    """Return what the records are, the surest signs first, or as what somebody wants them read; raise Unreadable."""
    first = sample.first[0]
    if chosen is not None:
        return _chosen(sample, first, chosen)
    for known in (_spans, _langfuse, _unready, _runs, _benchmark, _articles, dialogues, single_turns):
        if (found := known(sample, first)) is not None:
            return found
    return _table(sample)


def _chosen(sample: FileSample, first: Object, chosen: RecordShape) -> RecognisedFile | NotYet:
    found: RecognisedFile | NotYet | None
    match chosen:
        case RecordShape.TABLE:
            return _table(sample)
        case RecordShape.DIALOGUES | RecordShape.EXCHANGES:
            found = dialogues(sample, first)
        case RecordShape.TURNS:
            found = single_turns(sample, first)
        case RecordShape.ARTICLES:
            found = _articles(sample, first)
        case RecordShape.WORKFLOW_RUNS:
            found = _runs(sample, first)
        case RecordShape.BENCHMARK:
            found = _benchmark(sample, first)
        case _:
            kind = (
                RowKind.CONVERSATIONS
                if chosen is RecordShape.LANGFUSE_TRACES and not langfuse.has_observations(first)
                else RowKind.AI_REQUESTS
            )
            found = RecognisedFile(chosen, SPANS[chosen], kind, sample.mapping(kind, format=chosen), OTLP)
    if found is None:
        raise FileUnreadable(
            f"The records in this file are not {chosen.replace('_', ' ')}. Choose a table type, then map the columns."
        )
    return found


SPANS = {
    RecordShape.OTLP: "OpenTelemetry spans (OTLP JSON)",
    RecordShape.PHOENIX: "Spans exported by Phoenix or the OpenTelemetry console exporter",
    RecordShape.LANGFUSE_OBSERVATIONS: "Langfuse observations",
    RecordShape.LANGFUSE_TRACES: "Langfuse traces",
}


def _spans(sample: FileSample, first: Object) -> RecognisedFile | None:
    if sample.records in ("resourceSpans.item", "batches.item") or "resourceSpans" in first:
        return RecognisedFile(
            "otlp",
            "OpenTelemetry spans (OTLP JSON)",
            RowKind.AI_REQUESTS,
            sample.mapping(RowKind.AI_REQUESTS, format=RecordShape.OTLP),
            (*OTLP, *spans.warning(first)),
        )
    if spans.is_span(first):
        title = "Spans exported by Phoenix or the OpenTelemetry console exporter"
        return RecognisedFile(
            "phoenix", title, RowKind.AI_REQUESTS, sample.mapping(RowKind.AI_REQUESTS, format=RecordShape.PHOENIX), OTLP
        )
    return None


OTLP = (
    "Model calls become AI requests and, where their texts were captured, conversations. Tool calls become steps. "
    "Other spans are skipped.",
)


def _langfuse(sample: FileSample, first: Object) -> RecognisedFile | None:
    if langfuse.is_observation(first):
        mapping = sample.mapping(RowKind.AI_REQUESTS, format=RecordShape.LANGFUSE_OBSERVATIONS)
        return RecognisedFile("langfuse_observations", "Langfuse observations", RowKind.AI_REQUESTS, mapping, OTLP)
    if langfuse.is_trace(first):
        kind = RowKind.AI_REQUESTS if langfuse.has_observations(first) else RowKind.CONVERSATIONS
        return RecognisedFile(
            "langfuse_traces", "Langfuse traces", kind, sample.mapping(kind, format=RecordShape.LANGFUSE_TRACES)
        )
    return None


def _unready(sample: FileSample, first: Object) -> NotYet | None:
    del sample
    return not_yet(first)


def _runs(sample: FileSample, first: Object) -> RecognisedFile | None:
    if not runs.is_run(first):
        return None
    fields = {}
    repository = sample.beside.get("repo") or sample.beside.get("repository")
    if isinstance(repository, str):
        fields["app"] = FieldRule(constant=repository[:500])
    mapping = sample.mapping(RowKind.BATCH_RUNS, format=RecordShape.WORKFLOW_RUNS, fields=fields)
    return RecognisedFile("workflow_runs", "Workflow runs", RowKind.BATCH_RUNS, mapping, ("Jobs of a run become phases.",))


def _benchmark(sample: FileSample, first: Object) -> RecognisedFile | None:
    if not benchmark.is_detailed(first):
        return None
    mapping = sample.mapping(RowKind.AI_REQUESTS, format=RecordShape.BENCHMARK)
    return RecognisedFile("vllm_benchmark", "vLLM benchmark with single requests", RowKind.AI_REQUESTS, mapping)


def _articles(sample: FileSample, first: Object) -> RecognisedFile | None:
    if sample.records != "*":
        return None
    inner = {
        str(each[KEY]): each.get(VALUE, {name: value for name, value in each.items() if name != KEY}) for each in sample.first
    }
    if turns.turns_in(first) is not None or not articles.are_articles(inner):
        return None
    mapping = sample.mapping(RowKind.DOCUMENTS, format=RecordShape.ARTICLES)
    return RecognisedFile("articles", "Texts under headings", RowKind.DOCUMENTS, mapping, ("Each heading becomes a document.",))


# Dialogues


# Tables


def _table(sample: FileSample) -> RecognisedFile | NotYet:
    samples = values_by_path(sample.first, sample.columns)
    kind = kinds.kind_of(samples)
    if kind is None:
        return RecognisedFile("table", "A table", None, sample.mapping(RowKind.EVENTS))
    fields = guess.fields_of(samples, kind)
    notes: tuple[str, ...] = ()
    if kind is RowKind.EVENTS and "event_type" not in fields:
        fields["event_type"] = FieldRule(constant="imported.row")
        notes = ("No event type column found: all rows get “imported.row”. Change it below, or choose another row type.",)
    if kind in (RowKind.USERS, RowKind.DOCUMENTS, RowKind.MEMORIES):
        take_key(fields, sample, "id")
    mapping = sample.mapping(kind, format=RecordShape.TABLE, fields=fields)
    return RecognisedFile("table", f"A table of {TITLES[kind]}", kind, mapping, notes)


TITLES = {
    RowKind.EVENTS: "events",
    RowKind.AI_REQUESTS: "AI requests",
    RowKind.CONVERSATIONS: "conversations",
    RowKind.FEEDBACK: "feedback",
    RowKind.BATCH_RUNS: "batch runs",
    RowKind.DOCUMENTS: "documents",
    RowKind.MEMORIES: "memories",
    RowKind.USERS: "users",
}


def turns_of(record: Object, mapping: Mapping) -> list[Object]:
    """Return the turns of a record; of a file that has one a record, the record itself."""
    if mapping.turns is None or not mapping.turns.path:
        return [record]
    return turns.spoken(record, mapping.turns)
