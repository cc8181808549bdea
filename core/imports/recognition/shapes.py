"""The known shapes that the records of a file may have, and the one that its first records
do have.
"""

from collections.abc import Callable

from core.imports.containers.files import FileUnreadable
from core.imports.containers.json_files import KEY, VALUE
from core.imports.formats import (
    articles,
    benchmark,
    langfuse,
    openai_batch,
    preferences,
    runs,
    scores,
    spans,
    turns,
)
from core.imports.mapping import FieldRule, RecordShape
from core.imports.parsed import RowKind
from core.imports.recognition import inference, kinds, names
from core.imports.recognition.dialogues import dialogues, single_turns, take_key
from core.imports.recognition.result import Recognition
from core.imports.recognition.samples import FileSample, values_by_path
from core.imports.recognition.unsupported import unsupported

SPANS = {
    RecordShape.OTLP: "OpenTelemetry spans (OTLP JSON)",
    RecordShape.PHOENIX: "Spans exported by Phoenix or the OpenTelemetry console exporter",
    RecordShape.LANGFUSE_OBSERVATIONS: "Langfuse observations",
    RecordShape.LANGFUSE_TRACES: "Langfuse traces",
}
OF_PAIRS = {"id", "conversation_id", "created_at", "user_id"}
SPANS_BECOME = (
    "Model calls become AI requests and, where their texts were captured, conversations. Tool "
    "calls become steps. Other spans are skipped."
)
TABLES = {
    RowKind.EVENTS: "events",
    RowKind.AI_REQUESTS: "AI requests",
    RowKind.CONVERSATIONS: "conversations",
    RowKind.FEEDBACK: "feedback",
    RowKind.BATCH_RUNS: "batch runs",
    RowKind.DOCUMENTS: "documents",
    RowKind.MEMORIES: "memories",
    RowKind.USERS: "users",
    RowKind.SCORES: "scores",
    RowKind.ANNOTATIONS: "annotations",
}


def shape_of(sample: FileSample, chosen: RecordShape | None = None) -> Recognition:
    """Return what the records are, the surest signs first, or as a person wants them read; raise
    FileUnreadable.
    """
    if chosen in SPANS:
        return _spans(sample, chosen)
    if chosen is not None:
        if (found := SHAPES[chosen](sample)) is None:
            shape = chosen.replace("_", " ")
            raise FileUnreadable(
                f"The records in this file are not {shape}. Choose a table type, then map the "
                "columns."
            )
        return found
    signs = (
        _spans_of_exports,
        _langfuse_scores,
        _label_studio,
        _openai_batch,
        _annotators,
        _annotations,
        _preferences,
        lambda sample: unsupported(sample.first[0]),
        *dict.fromkeys(SHAPES.values()),
    )
    return next(found for shape in signs if (found := shape(sample)) is not None)


def _spans_of_exports(sample: FileSample) -> Recognition | None:
    first = sample.first[0]
    if sample.records in ("resourceSpans.item", "batches.item") or "resourceSpans" in first:
        return _spans(sample, RecordShape.OTLP, spans.warning(first))
    if spans.is_span(first):
        return _spans(sample, RecordShape.PHOENIX)
    if langfuse.is_observation(first):
        return _spans(sample, RecordShape.LANGFUSE_OBSERVATIONS)
    return _spans(sample, RecordShape.LANGFUSE_TRACES) if langfuse.is_trace(first) else None


def _spans(sample: FileSample, shape: RecordShape, notes: tuple[str, ...] = ()) -> Recognition:
    are_traces = shape is RecordShape.LANGFUSE_TRACES
    kind = (
        RowKind.CONVERSATIONS
        if are_traces and not langfuse.has_observations(sample.first[0])
        else RowKind.AI_REQUESTS
    )
    return sample.recognized(
        SPANS[shape], kind, shape, notes=() if are_traces else (SPANS_BECOME, *notes)
    )


def _runs(sample: FileSample) -> Recognition | None:
    if not runs.is_run(sample.first[0]):
        return None
    repository = sample.beside.get("repo") or sample.beside.get("repository")
    fields = {"app": FieldRule(constant=repository[:500])} if isinstance(repository, str) else {}
    notes = ("Jobs of a run become phases.",)
    return sample.recognized(
        "Workflow runs", RowKind.BATCH_RUNS, RecordShape.WORKFLOW_RUNS, notes=notes, fields=fields
    )


def _langfuse_scores(sample: FileSample) -> Recognition | None:
    if not scores.is_langfuse(sample.first[0]):
        return None
    notes = (
        "Scores of observations belong to their AI requests; others belong to the conversation of "
        "their session, or of their trace if neither the score nor its trace names a session.",
    )
    return sample.recognized(
        "Langfuse scores", RowKind.SCORES, RecordShape.LANGFUSE_SCORES, notes=notes
    )


def _label_studio(sample: FileSample) -> Recognition | None:
    if not scores.is_label_studio(sample.first[0]):
        return None
    notes = ("Choices become labels, ratings and numbers become values, texts become comments.",)
    return sample.recognized(
        "Label Studio annotations", RowKind.SCORES, RecordShape.LABEL_STUDIO, notes=notes
    )


def _openai_batch(sample: FileSample) -> Recognition | None:
    if not openai_batch.is_response(sample.first[0]):
        return None
    notes = ("Answers become conversations, too. Questions are in the batch's input file only.",)
    return sample.recognized(
        "OpenAI batch output",
        RowKind.AI_REQUESTS,
        RecordShape.OPENAI_BATCH,
        notes=notes,
        start=openai_batch.start_of(sample.first),
    )


def _annotators(sample: FileSample) -> Recognition | None:
    columns = scores.annotators(sample.first[0])
    fields = inference.fields_of(values_by_path(sample.first, sample.columns), RowKind.SCORES)
    if not columns or not fields.keys() & set(scores.SUBJECTS):
        return None
    fields = {name: rule for name, rule in fields.items() if rule.path not in columns}
    for name in ("value", "label", "evaluator"):
        fields.pop(name, None)
    fields.setdefault("name", FieldRule(constant="annotation"))
    return sample.recognized(
        "A table of annotations by several people",
        RowKind.SCORES,
        RecordShape.ANNOTATORS,
        notes=(f"Each annotator's column becomes a score: {', '.join(columns)}.",),
        fields=fields,
        ignored=columns,
    )


def _annotations(sample: FileSample) -> Recognition | None:
    if not {"message_id", "annotation_type"} <= {names.plain(name) for name in sample.first[0]}:
        return None
    fields = inference.fields_of(values_by_path(sample.first, sample.columns), RowKind.ANNOTATIONS)
    used = {rule.path.partition(".")[0] for rule in fields.values()}
    notes = ("Each annotation belongs to a stored message. Columns without a field are left out.",)
    return sample.recognized(
        "A table of annotations",
        RowKind.ANNOTATIONS,
        RecordShape.TABLE,
        notes=notes,
        fields=fields,
        ignored=[name for name in sample.first[0] if name not in used],
    )


def _preferences(sample: FileSample) -> Recognition | None:
    if (title := preferences.title(sample.first[0])) is None:
        return None
    notes = (
        "Each record becomes a conversation with an annotation of its answer: a rejected answer "
        "becomes a correction with the chosen one as suggested response.",
    )
    known = [
        {name: value for name, value in each.items() if names.plain(name) in OF_PAIRS}
        for each in sample.first
    ]
    fields = inference.fields_of(values_by_path(known), RowKind.CONVERSATIONS)
    return sample.recognized(
        title, RowKind.CONVERSATIONS, RecordShape.PREFERENCES, notes=notes, fields=fields
    )


def _benchmark(sample: FileSample) -> Recognition | None:
    if not benchmark.is_detailed(sample.first[0]):
        return None
    title = "vLLM benchmark with single requests"
    return sample.recognized(
        title, RowKind.AI_REQUESTS, RecordShape.BENCHMARK, name="vllm_benchmark"
    )


def _articles(sample: FileSample) -> Recognition | None:
    if sample.records != "*" or turns.turns_in(sample.first[0]) is not None:
        return None
    texts = {
        each[KEY]: each.get(VALUE, {name: each[name] for name in each if name != KEY})
        for each in sample.first
    }
    if not articles.are_articles(texts):
        return None
    notes = ("Each heading becomes a document.",)
    return sample.recognized(
        "Texts under headings", RowKind.DOCUMENTS, RecordShape.ARTICLES, notes=notes
    )


def _table(sample: FileSample) -> Recognition:
    samples = values_by_path(sample.first, sample.columns)
    kind = kinds.kind_of(samples)
    if kind is None:
        notes = ["Could not detect the row type. Choose it and map the columns."]
        return Recognition(
            format=RecordShape.TABLE,
            title="A table",
            draft=sample.mapping(RowKind.EVENTS),
            notes=notes,
        )
    fields = inference.fields_of(samples, kind)
    notes = []
    if kind is RowKind.EVENTS and "event_type" not in fields:
        fields["event_type"] = FieldRule(constant="imported.row")
        notes = [
            (
                "No event type column found: all rows get “imported.row”. Change it below, or "
                "choose another row type."
            )
        ]
    if kind in (RowKind.USERS, RowKind.DOCUMENTS, RowKind.MEMORIES):
        take_key(fields, sample)
    return sample.recognized(
        f"A table of {TABLES[kind]}", kind, RecordShape.TABLE, notes=tuple(notes), fields=fields
    )


# In the order in which they are tried.
SHAPES: dict[RecordShape, Callable[[FileSample], Recognition | None]] = {
    RecordShape.WORKFLOW_RUNS: _runs,
    RecordShape.BENCHMARK: _benchmark,
    RecordShape.LANGFUSE_SCORES: _langfuse_scores,
    RecordShape.LABEL_STUDIO: _label_studio,
    RecordShape.OPENAI_BATCH: _openai_batch,
    RecordShape.ANNOTATORS: _annotators,
    RecordShape.PREFERENCES: _preferences,
    RecordShape.ARTICLES: _articles,
    RecordShape.DIALOGUES: dialogues,
    RecordShape.EXCHANGES: dialogues,
    RecordShape.TURNS: single_turns,
    RecordShape.TABLE: _table,
}
