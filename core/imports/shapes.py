"""Which of the known shapes the first records of a file have; and what is known, but cannot be imported yet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.imports import foreign, guess, names, unready, values
from core.imports.files import Unreadable
from core.imports.formats import articles, benchmark, langfuse, runs, spans, turns
from core.imports.json_files import KEY, VALUE
from core.imports.mapping import Container, Mapping, Rule, Shape, Turns
from core.imports.parsed import Kind
from core.imports.paths import getter, leaves
from core.imports.unready import NotYet, not_yet

Object = dict[str, Any]


@dataclass
class Sample:
    """The first records of a file as objects, and how the file holds them."""

    container: Container
    records: str = ""
    separator: str | None = None
    header: bool = True
    columns: list[str] = field(default_factory=list)
    first: list[Object] = field(default_factory=list)
    beside: Object = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def mapping(self, kind: Kind, **given: Any) -> Mapping:  # noqa: ANN401  the mapping's fields
        """Return a mapping for a file that holds its records so."""
        return Mapping(
            container=self.container, records=self.records, delimiter=self.separator, header=self.header, kind=kind, **given
        )


@dataclass(frozen=True)
class Found:
    """What a file is. A kind of None is a table of which nobody knows what its rows are."""

    format: str
    title: str
    kind: Kind | None
    mapping: Mapping
    notes: tuple[str, ...] = ()


# Records


def shape_of(sample: Sample, chosen: Shape | None = None) -> Found | NotYet:
    """Return what the records are, the surest signs first, or as what somebody wants them read; raise Unreadable."""
    first = sample.first[0]
    if chosen is not None:
        return _chosen(sample, first, chosen)
    for known in (_spans, _langfuse, _unready, _runs, _benchmark, _articles, _dialogues, _single_turns):
        if (found := known(sample, first)) is not None:
            return found
    return _table(sample)


def _chosen(sample: Sample, first: Object, chosen: Shape) -> Found | NotYet:
    found: Found | NotYet | None
    match chosen:
        case Shape.TABLE:
            return _table(sample)
        case Shape.DIALOGUES | Shape.EXCHANGES:
            found = _dialogues(sample, first)
        case Shape.TURNS:
            found = _single_turns(sample, first)
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

NAMES: dict[str, tuple[str, Callable[[Turns], bool]]] = {
    "sharegpt": ("ShareGPT", lambda t: t.role == "from" and t.text == "value"),
    "openai_chat": ("OpenAI chat", lambda t: t.role == "role" and t.text == "content" and t.path == "messages"),
    "taskmaster": ("Taskmaster", lambda t: t.path == "utterances" and t.role == "speaker"),
    "abcd": ("ABCD", lambda t: t.role == "0" and t.path == "original"),
}
WEAK_IDS = ("task_id", "trial_id", "key", "dialogue_idx")  # of something that may have several conversations
TRAINING = "Training examples have this format too. Importing them as a dataset is not supported yet."


def _dialogues(sample: Sample, first: Object) -> Found | None:
    found = next((turns_ for record in sample.first[:5] if (turns_ := turns.turns_in(record)) is not None), None)
    if found is None:
        return _exchanges(sample)
    format_, title = next(
        ((key, f"Dialogues ({name} format)") for key, (name, test) in NAMES.items() if test(found)),
        ("dialogues", "Dialogues"),
    )
    samples = _samples(
        [{name: value for name, value in record.items() if name != found.path.partition(".")[0]} for record in sample.first]
    )
    fields = guess.fields_of(samples, Kind.CONVERSATIONS)
    fields.pop("title", None) if "title" in fields and _is_long(sample, fields["title"].path) else None
    if "id" in fields and names.plain(fields["id"].path) in WEAK_IDS:
        del fields["id"]
    _take_key(fields, sample, "id")
    mapping = sample.mapping(Kind.CONVERSATIONS, format=Shape.DIALOGUES, fields=fields, turns=found)
    notes = (
        (TRAINING,)
        if format_ == "openai_chat" and set(first) <= {"messages", "tools", "functions", "parallel_tool_calls"}
        else ()
    )
    return Found(format_, title, Kind.CONVERSATIONS, mapping, notes)


def _take_key(fields: dict[str, Rule], sample: Sample, field_name: str) -> None:
    """Let the keys of the records be their ids, where they have no others."""
    is_own = field_name in fields and fields[field_name].path != fields.get("email", Rule()).path
    if sample.records == "*" and not is_own:
        fields[field_name] = Rule(path=KEY)


def _is_long(sample: Sample, path: str) -> bool:
    return any(len(values.text(value)) > 300 for value in told(sample.first, path))


def _is_unique(first: list[Object], path: str) -> bool:
    found = [values.text(value) for value in told(first, path)]
    return len(found) == len(first) and len(set(found)) >= len(found) * 0.9 and all(len(each) <= 128 for each in found)


def _exchanges(sample: Sample) -> Found | None:
    plain = {names.plain(path): path for path in sample.first[0]}
    asked, answered = (next((plain[name] for name in known if name in plain), None) for known in (names.ASKED, names.ANSWERED))
    if asked is None or answered is None or not _are_texts(sample.first, asked, answered):
        return None
    if not set(plain) & (
        unready.ASIDE | {"time", "date", "user", "session", "ts", "start_time", "chat_id", "latency_ms", "latency"}
    ):
        return None
    samples = _samples(sample.first)
    if set(guess.fields_of(samples, Kind.AI_REQUESTS)) & {"input_tokens", "output_tokens"}:
        return None
    fields = guess.fields_of({path: told for path, told in samples.items() if path not in (asked, answered)}, Kind.CONVERSATIONS)
    mapping = sample.mapping(
        Kind.CONVERSATIONS, format=Shape.EXCHANGES, fields=fields, turns=Turns(asked=asked, answered=answered)
    )
    return Found("exchanges", "Question and answer pairs", Kind.CONVERSATIONS, mapping)


def _are_texts(first: list[Object], *paths: str) -> bool:
    return all(
        any(isinstance(value, str) and not value.replace(".", "").isdecimal() for value in told(first, path)) for path in paths
    )


def _single_turns(sample: Sample, first: Object) -> Found | None:
    del first
    samples = _samples(sample.first, sample.columns)
    plain = {names.plain(path): path for path in samples}
    role = next((plain[name] for name in names.ROLES if name in plain and _are_roles(name, samples[plain[name]])), None)
    said = next((plain[name] for name in names.TEXTS if name in plain and plain[name] != role), None)
    fields = guess.fields_of({path: found for path, found in samples.items() if path not in (role, said)}, Kind.CONVERSATIONS)
    if role is None or said is None or "id" not in fields or names.plain(fields["id"].path) in ("id", "uuid", "message_id"):
        return None
    at = fields.pop("created_at", None)
    message_id = next(
        (
            plain[name]
            for name in ("message_id", "msg_id", "id", "utterance_id")
            if name in plain and _is_unique(sample.first, plain[name])
        ),
        None,
    )
    kept = {
        name: rule for name, rule in fields.items() if name in ("id", "user_id", "app", "environment", "release", "session_type")
    }
    turns_ = Turns(role=role, text=said, id=message_id, at=at)
    mapping = sample.mapping(Kind.CONVERSATIONS, format=Shape.TURNS, fields=kept, turns=turns_)
    return Found("turns", "Conversation messages, one per record", Kind.CONVERSATIONS, mapping)


SURE_ROLES = frozenset(
    foreign.words("role speaker sender message_role speaker_role author_role sender_type") + foreign.words(foreign.ROLES)
)
MOST_ROLES = 6


def _are_roles(name: str, found: list[Any]) -> bool:
    """Whether values are roles. Where the name says so, a few may be unknown: they are asked about (meanings.py)."""
    words = {turns.role_word(values.text(value)) for value in found if not values.is_nothing(value)}
    if name in SURE_ROLES and 1 < len(words) <= MOST_ROLES and len(words) < len(found):
        return True
    return bool(words) and words <= set(turns.ROLES) and bool({turns.ROLES[word] for word in words} & {"user", "assistant"})


# Tables


def _table(sample: Sample) -> Found | NotYet:
    samples = _samples(sample.first, sample.columns)
    kind = guess.kind_of(samples)
    if kind is None:
        return Found("table", "A table", None, sample.mapping(Kind.EVENTS))
    fields = guess.fields_of(samples, kind)
    notes: tuple[str, ...] = ()
    if kind is Kind.EVENTS and "event_type" not in fields:
        fields["event_type"] = Rule(constant="imported.row")
        notes = ("No event type column found: all rows get “imported.row”. Change it below, or choose another row type.",)
    if kind in (Kind.USERS, Kind.DOCUMENTS, Kind.MEMORIES):
        _take_key(fields, sample, "id")
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


def samples_of(sample: Sample) -> guess.Samples:
    """Return the first values of each path."""
    return _samples(sample.first, sample.columns)


def _samples(first: list[Object], columns: list[str] | None = None) -> guess.Samples:
    found: guess.Samples = {path: [] for path in columns or ()}
    for record in first:
        objects = {name: value for name, value in record.items() if isinstance(value, dict)}
        for path, value in {**objects, **leaves(record)}.items():
            if path != KEY:
                found.setdefault(path, []).append(value)
    return found


def told(first: list[Object], path: str) -> list[Any]:
    """Return what stands at a path in some records."""
    get = getter(path)
    return [value for record in first if not values.is_nothing(value := get(record))]


def turns_of(record: Object, mapping: Mapping) -> list[Object]:
    """Return the turns of a record; of a file that has one a record, the record itself."""
    if mapping.turns is None or not mapping.turns.path:
        return [record]
    return turns.spoken(record, mapping.turns)
