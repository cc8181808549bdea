"""Stream annotations as files, with a manifest of contents and exclusions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import blake2b, sha256
from typing import Any

from core.annotations.errors import NoPairsInFormat
from core.annotations.exports import queries as export_rows
from core.annotations.exports.examples import Example, VotedPair
from core.annotations.exports.exclusions import WORDS, ExclusionReason
from core.annotations.exports.formats import FORMATS, Format, FormatName
from core.annotations.exports.queries import Source, Split
from core.annotations.exports.readers import is_readable
from core.annotations.schemas import AnnotationFilter
from core.database.db import Session
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.identity.service import audit
from core.platform import clock

PREVIEWED = 5
UNKNOWN = "unknown"
EXPORTED = "annotations.export"


@dataclass(frozen=True)
class ExportQuery:
    """An export: filters of annotations, format, split of conversations, and source of pairs.

    Raises NoPairsInFormat for a format without pairs of votes, when they are its source.
    """

    format: FormatName
    wanted: AnnotationFilter = field(default_factory=AnnotationFilter)
    split: Split = Split.ALL
    source: Source = Source.ALL

    def __post_init__(self) -> None:
        if self.source is Source.COMPARISONS and not self.has_pairs:
            raise NoPairsInFormat

    @property
    def has_pairs(self) -> bool:
        """Whether pairs of votes are in the file."""
        has_format = FORMATS[self.format].pair_writer is not None
        return has_format and self.source is not Source.ANNOTATIONS

    @property
    def name(self) -> str:
        """The file name."""
        part = "" if self.split is Split.ALL else f"-{self.split}"
        return f"annotations-{self.format}{part}.{FORMATS[self.format].ending}"

    @property
    def filters(self) -> dict[str, str]:
        """The filters as texts, for the manifest and the audit log."""
        source = {} if self.source is Source.ALL else {"source": str(self.source)}
        return source | {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in asdict(self.wanted).items()
            if value is not None
        }


class Omission(View):
    """A reason, and how many annotations and pairs were left out for it."""

    reason: ExclusionReason
    words: str
    count: int


class Manifest(View):
    """The content of an export: `rows` lines of `annotations` that matched, and of `pairs` from
    votes on comparisons and replays; `sha256` is of the file.

    `prompt_versions` counts rows by the prompt version of the answer; `shortened` counts rows whose
    conversation was too long to include its beginning.
    """

    name: str
    format: FormatName
    split: Split
    filter: dict[str, str]
    annotations: int
    pairs: int
    rows: int
    bytes: int
    sha256: str
    prompt_versions: dict[str, int]
    left_out: list[Omission]
    shortened: int
    warnings: list[str]
    made_at: datetime


@dataclass
class ExportTally:
    """Counts of an export in progress; keeps 16 bytes per line to detect duplicates."""

    annotations: int = 0
    pairs: int = 0
    rows: int = 0
    size: int = 0
    shortened: int = 0
    bare: int = 0
    guessed: int = 0
    left_out: Counter[ExclusionReason] = field(default_factory=Counter)
    prompt_versions: Counter[str] = field(default_factory=Counter)
    digest: Any = field(default_factory=sha256)
    seen: set[bytes] = field(default_factory=set)

    def written(self, piece: bytes) -> bytes:
        """Count bytes of the file, and return them."""
        self.size += len(piece)
        self.digest.update(piece)
        return piece


def note(core: Session, query: ExportQuery, *, actor: Actor) -> None:
    """Record an export in the audit log; raise Forbidden."""
    require(actor, Permission.EXPORT_ANNOTATIONS)
    audit.record(
        core,
        EXPORTED,
        actor,
        targets={"format": query.format, "split": query.split, **query.filters},
    )


def stream(
    query: ExportQuery, *, actor: Actor, tally: ExportTally | None = None
) -> Iterator[bytes]:
    """Yield the file in parts, each with a short transaction of its own; raise Forbidden."""
    # Checked here, because a generator would check only once the response has begun
    require(actor, Permission.EXPORT_ANNOTATIONS)
    return _pieces(query, tally or ExportTally())


def make_manifest(query: ExportQuery, *, actor: Actor) -> Manifest:
    """Return the manifest of an export, which is generated and discarded; raise Forbidden."""
    tally = ExportTally()
    for _ in stream(query, actor=actor, tally=tally):
        pass
    return Manifest(
        name=query.name,
        format=query.format,
        split=query.split,
        filter=query.filters,
        annotations=tally.annotations,
        pairs=tally.pairs,
        rows=tally.rows,
        bytes=tally.size,
        sha256=tally.digest.hexdigest(),
        prompt_versions=dict(tally.prompt_versions.most_common()),
        left_out=[
            Omission(reason=reason, words=WORDS[reason], count=count)
            for reason, count in tally.left_out.most_common()
        ],
        shortened=tally.shortened,
        warnings=_warnings(FORMATS[query.format], tally),
        made_at=clock.now(),
    )


def preview(query: ExportQuery, *, actor: Actor) -> list[str]:
    """Return the first five lines of an export; raise Forbidden."""
    require(actor, Permission.EXPORT_ANNOTATIONS)
    found = list[str]()
    for lines in _batches(query, ExportTally()):
        found += [line.decode() for line in lines]
        if len(found) >= PREVIEWED:
            break
    return found[:PREVIEWED]


def _pieces(query: ExportQuery, tally: ExportTally) -> Iterator[bytes]:
    yield tally.written(FORMATS[query.format].opening)
    for lines in _batches(query, tally):
        yield tally.written(b"".join(lines))


def _batches(query: ExportQuery, tally: ExportTally) -> Iterator[list[bytes]]:
    """Yield the lines of annotations, then those of votes."""
    form = FORMATS[query.format]
    if query.source is not Source.COMPARISONS:
        for examples in export_rows.read_all(query.wanted, query.split, form):
            yield [line for each in examples if (line := _line(form, each, tally)) is not None]
    if query.has_pairs:
        for pairs in export_rows.read_pairs(query.wanted, query.split):
            yield [line for each in pairs if (line := _pair_line(form, each, tally)) is not None]


def _line(form: Format, example: Example, tally: ExportTally) -> bytes | None:
    """Return an example in a format, or None when it is left out; count both."""
    tally.annotations += 1
    line = _counted(form, form.write(example), tally)
    if line is not None:
        tally.shortened += example.is_shortened and form.reads_before
        tally.bare += form.tells_calls and example.has_bare_calls
        tally.guessed += form.tells_calls and example.has_guessed_tools
        tally.prompt_versions[example.facts["prompt_version"] or UNKNOWN] += 1
    return line


def _pair_line(form: Format, pair: VotedPair, tally: ExportTally) -> bytes | None:
    """Return a pair in a format, or None when it is left out; count both."""
    tally.pairs += 1
    line = _counted(form, form.write_pair(pair), tally)
    if line is not None:
        tally.prompt_versions[pair.better_prompt] += 1
    return line


def _counted(form: Format, line: bytes | ExclusionReason, tally: ExportTally) -> bytes | None:
    reason = line if isinstance(line, ExclusionReason) else _refused(form, line, tally)
    if reason is not None or isinstance(line, ExclusionReason):
        tally.left_out[reason or ExclusionReason.UNREADABLE] += 1
        return None
    tally.rows += 1
    return line


def _refused(form: Format, line: bytes, tally: ExportTally) -> ExclusionReason | None:
    if not is_readable(form.name, line):
        return ExclusionReason.UNREADABLE
    if not form.is_for_training:
        return None
    mark = blake2b(line, digest_size=16).digest()
    if mark in tally.seen:
        return ExclusionReason.DUPLICATE
    tally.seen.add(mark)
    return None


def _warnings(form: Format, tally: ExportTally) -> list[str]:
    found = []
    if tally.rows < form.fewest:
        found.append(f"{form.said} needs at least {form.fewest} lines; this file has {tally.rows}.")
    if tally.shortened:
        found.append(
            f"{tally.shortened:,} come from long conversations; only the last "
            f"{export_rows.MOST_BEFORE} messages are included."
        )
    if tally.bare:
        found.append(f"In {tally.bare:,}, only tool names are stored, so tool calls are left out.")
    if tally.guessed:
        found.append(
            f"In {tally.guessed:,}, tool definitions are inferred from calls, because none "
            "were sent."
        )
    if len(tally.prompt_versions) > 1:
        found.append(f"Answers come from {len(tally.prompt_versions)} prompt versions.")
    return found
