"""Pairs of votes in exports: in every pair format, filtered, counted, split, and read by pyarrow,
which the `datasets` library uses.
"""

import io
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pyarrow import json as arrow

from core.annotations.errors import NoPairsInFormat
from core.annotations.exports import export
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.exports.export import ExportQuery, Manifest
from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.queries import Source, Split, split_of
from core.annotations.schemas import AnnotationFilter, AnnotationType
from core.annotations.service import preference_pairs
from core.annotations.service.preference_pairs import NewPair
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.factories.reviews import annotated

pytestmark = pytest.mark.usefixtures("database")

PAIR_FORMATS = [name for name, form in FORMATS.items() if form.pair_writer is not None]
PROMPT = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Where is it?"},
]


def voted(
    *,
    chosen: str = "On its way.",
    rejected: str = "No idea.",
    prompt: list[dict[str, str]] | None = None,
    conversation_id: UUID | None = None,
    voter: UUID | None = None,
) -> None:
    pair = NewPair(
        origin="comparison",
        conversation_id=conversation_id or new_id(),
        rejected_place=2,
        prompt=PROMPT if prompt is None else prompt,
        chosen=chosen,
        rejected=rejected,
        chosen_model="fake:echo",
        rejected_model="fake:plain",
        chosen_prompt="pirate@1",
        rejected_prompt="Default prompt",
        reason=None,
        voter=voter or new_id(),
        is_blind=True,
    )
    with transaction(Database.AI) as ai:
        preference_pairs.replace(ai, new_id(), [pair])


def asked(
    name: FormatName = FormatName.TRL_PREFERENCE,
    split: Split = Split.ALL,
    source: Source = Source.ALL,
    **wanted: Any,  # noqa: ANN401
) -> ExportQuery:
    return ExportQuery(name, AnnotationFilter(**wanted), split, source)


def file(given: ExportQuery) -> bytes:
    return b"".join(export.stream(given, actor=person(Role.SUPER_ADMIN).actor))


def chosen(given: ExportQuery) -> list[str]:
    return [json.loads(line)["chosen"][0]["content"] for line in file(given).splitlines()]


def manifest(given: ExportQuery) -> Manifest:
    return export.make_manifest(given, actor=person(Role.SUPER_ADMIN).actor)


def test_a_vote_is_a_line_of_openais_preference_file() -> None:
    voted()
    assert json.loads(file(asked(FormatName.OPENAI_DPO))) == {
        "input": {"messages": PROMPT, "tools": [], "parallel_tool_calls": True},
        "preferred_output": [{"role": "assistant", "content": "On its way."}],
        "non_preferred_output": [{"role": "assistant", "content": "No idea."}],
    }


def test_a_vote_is_a_line_of_a_trl_preference_dataset() -> None:
    voted()
    assert json.loads(file(asked(FormatName.TRL_PREFERENCE))) == {
        "prompt": PROMPT,
        "chosen": [{"role": "assistant", "content": "On its way."}],
        "rejected": [{"role": "assistant", "content": "No idea."}],
    }


@pytest.mark.parametrize("name", PAIR_FORMATS)
def test_annotations_and_votes_are_read_as_one_table(name: FormatName) -> None:
    stored(conversation(messages=2))
    annotated("m1", suggested_response="better")
    voted()
    table = arrow.read_json(io.BytesIO(file(asked(name))))
    assert table.num_rows == 2


def test_the_source_chooses_annotations_or_votes() -> None:
    stored(conversation(messages=2))
    annotated("m1", suggested_response="better")
    voted()
    assert {source: chosen(asked(source=source)) for source in Source} == {
        Source.ALL: ["better", "On its way."],
        Source.ANNOTATIONS: ["better"],
        Source.COMPARISONS: ["On its way."],
    }
    found = manifest(asked(source=Source.COMPARISONS))
    assert (found.annotations, found.pairs, found.rows) == (0, 1, 1)
    assert found.filter == {"source": "comparisons"}
    assert found.prompt_versions == {"pirate@1": 1}


def test_votes_alone_are_refused_in_formats_without_pairs() -> None:
    with pytest.raises(NoPairsInFormat):
        asked(FormatName.CSV, source=Source.COMPARISONS)


def test_the_manifest_says_why_pairs_are_left_out() -> None:
    voted(rejected=" ")
    voted(chosen="Same", rejected=" Same ")
    voted(prompt=PROMPT[:1])
    voted()
    voted()
    found = manifest(asked())
    assert (found.pairs, found.rows) == (5, 1)
    assert {each.reason: each.count for each in found.left_out} == {
        ExclusionReason.EMPTY: 1,
        ExclusionReason.SAME_ANSWER: 1,
        ExclusionReason.NO_QUESTION: 1,
        ExclusionReason.DUPLICATE: 1,
    }


def test_votes_of_one_conversation_are_in_one_split_with_its_annotations() -> None:
    ids = [new_id() for _ in range(40)]
    for id_ in ids:
        voted(conversation_id=id_, chosen=f"{id_} once")
        voted(conversation_id=id_, chosen=f"{id_} twice")
    held = {id_ for id_ in ids if split_of(id_) is Split.HOLDOUT}
    for split, expected in ((Split.HOLDOUT, held), (Split.TRAIN, set(ids) - held)):
        words = [each.split() for each in chosen(asked(split=split))]
        assert sorted(words) == sorted(
            [str(id_), word] for id_ in expected for word in ("once", "twice")
        )


def test_votes_match_filters_by_author_and_time_only() -> None:
    voter, yesterday = new_id(), clock.now() - timedelta(days=1)
    voted(voter=voter)
    matching: list[dict[str, Any]] = [{"author": voter}, {"start": yesterday}]
    for wanted in matching:
        assert chosen(asked(**wanted)) == ["On its way."]
    others: list[dict[str, Any]] = [
        {"author": new_id()},
        {"end": yesterday},
        {"type": AnnotationType.CORRECTION},
        {"tag": "tone"},
        {"environment": "production"},
    ]
    for wanted in others:
        assert chosen(asked(**wanted)) == []


def test_more_votes_than_are_read_at_once_are_all_in_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.annotations.exports.queries.AT_ONCE", 3)
    for number in range(7):
        voted(chosen=str(number))
    assert chosen(asked()) == [str(number) for number in range(7)]
