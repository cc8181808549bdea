"""Exports: what one contains, what is left out and why, the split, and a correct manifest."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from core.annotations.exports import export
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.exports.export import ExportQuery, Manifest
from core.annotations.exports.formats import FormatName
from core.annotations.exports.queries import Split, split_of
from core.annotations.schemas import AnnotationFilter, AnnotationStatus, AnnotationType
from core.database.db import transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.platform.ids import new_id
from tests.factories.conversations import conversation, message, stored
from tests.factories.identity import person
from tests.factories.reviews import START, annotated, annotated_often, message_id, neither_accepted

pytestmark = pytest.mark.usefixtures("database")


def asked(
    format_: FormatName = FormatName.OPENAI_CHAT,
    split: Split = Split.ALL,
    **wanted: Any,  # noqa: ANN401
) -> ExportQuery:
    return ExportQuery(format_, AnnotationFilter(**wanted), split)


def file(given: ExportQuery) -> bytes:
    return b"".join(export.stream(given, actor=person(Role.SUPER_ADMIN).actor))


def lines(given: ExportQuery) -> list[Any]:
    return [json.loads(line) for line in file(given).splitlines()]


def manifest(given: ExportQuery) -> Manifest:
    return export.make_manifest(given, actor=person(Role.SUPER_ADMIN).actor)


def left_out(given: ExportQuery) -> dict[ExclusionReason, int]:
    return {each.reason: each.count for each in manifest(given).left_out}


def test_an_example_has_what_was_said_before_and_the_better_answer() -> None:
    stored(conversation(messages=6))
    annotated("m3", suggested_response="better")
    [line] = lines(asked())
    assert [(each["role"], each["content"]) for each in line["messages"]] == [
        ("user", "text 0"),
        ("assistant", "text 1"),
        ("user", "text 2"),
        ("assistant", "better"),
    ]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST, Role.REVIEWER])
def test_only_super_admins_take_words_out_of_the_house(role: Role) -> None:
    actor = person(role).actor
    with pytest.raises(Forbidden):
        export.stream(asked(), actor=actor)
    with pytest.raises(Forbidden):
        export.make_manifest(asked(), actor=actor)
    with pytest.raises(Forbidden):
        export.preview(asked(), actor=actor)
    with transaction() as session, pytest.raises(Forbidden):
        export.note(session, asked(), actor=actor)


def test_the_manifest_says_what_is_in_the_file_and_what_is_not() -> None:
    stored(conversation(messages=4))
    annotated("m1", number=0, suggested_response="better")
    annotated("m1", number=1, suggested_response="better")
    annotated("m1", number=2)
    annotated("m0", number=3, annotation_type="flag", message_role="user")
    annotated("m3", number=4, annotation_type="improvement", suggested_response="x")
    found = manifest(asked())
    assert (found.annotations, found.rows) == (5, 1)
    assert {each.reason: each.count for each in found.left_out} == {
        ExclusionReason.DUPLICATE: 1,
        ExclusionReason.NO_SUGGESTION: 1,
        ExclusionReason.NOT_AN_ANSWER: 1,
        ExclusionReason.NO_EXAMPLE: 1,
    }
    assert found.sha256 == sha256(file(asked())).hexdigest()
    assert found.bytes == len(file(asked()))
    assert found.prompt_versions == {"unknown": 1}
    assert any("at least 10" in warning for warning in found.warnings)


def test_an_export_of_nothing_is_an_empty_file_with_a_manifest() -> None:
    assert file(asked()) == b""
    assert file(asked(FormatName.CSV)).startswith(b"id,conversation_id,")
    found = manifest(asked())
    assert (found.annotations, found.rows, found.sha256) == (0, 0, sha256(b"").hexdigest())


def test_the_filter_is_in_the_manifest_and_nothing_else_in_the_file() -> None:
    stored(conversation(messages=8))
    annotated("m1", annotation_type="approved", status="reviewed", tags=["tone"])
    annotated("m3", annotation_type="approved", number=5)
    given = asked(
        status=AnnotationStatus.REVIEWED,
        tag="tone",
        type=AnnotationType.APPROVED,
        end=START + timedelta(minutes=1),
    )
    assert len(lines(given)) == 1
    assert manifest(given).filter == {
        "status": "reviewed",
        "type": "approved",
        "tag": "tone",
        "end": "2026-11-10T12:01:00+00:00",
    }


def test_the_parts_share_no_conversation_and_are_all_of_it_together() -> None:
    names = [f"c{number}" for number in range(40)]
    stored(*(conversation(name, 4) for name in names))
    for name in names:
        annotated("m1", name, annotation_type="approved")
        annotated("m3", name, annotation_type="approved")
    parts = {split: lines(asked(FormatName.JSONL, split)) for split in Split}
    conversations = {
        split: {line["conversation_id"] for line in part} for split, part in parts.items()
    }
    assert not conversations[Split.TRAIN] & conversations[Split.HOLDOUT]
    assert len(parts[Split.TRAIN]) + len(parts[Split.HOLDOUT]) == len(parts[Split.ALL]) == 80
    assert conversations[Split.HOLDOUT]


def test_about_one_conversation_in_ten_is_held_out() -> None:
    held = sum(split_of(new_id()) is Split.HOLDOUT for _ in range(5000))
    assert 400 < held < 600


def test_a_decision_between_reviewers_overrules_both() -> None:
    stored(conversation(messages=2))
    annotated("m1", annotation_type="approved", round=1)
    annotated("m1", suggested_response="second", round=2, number=1)
    annotated("m1", suggested_response="decided", round=3, number=2)
    assert [line["messages"][-1]["content"] for line in lines(asked())] == ["decided"]
    assert left_out(asked()) == {ExclusionReason.OVERRULED: 2}
    assert len(lines(asked(FormatName.JSONL))) == 3


def test_an_annotation_after_the_decision_is_an_example_of_its_own() -> None:
    stored(conversation(messages=2))
    annotated("m1", annotation_type="approved", round=1)
    annotated("m1", suggested_response="decided", round=3, number=2)
    annotated("m1", suggested_response="a week later", round=1, number=3)
    answers = [line["messages"][-1]["content"] for line in lines(asked())]
    assert answers == ["decided", "a week later"]
    assert left_out(asked()) == {ExclusionReason.OVERRULED: 1}


def test_a_message_that_is_gone_is_left_out_of_training_and_stays_in_the_list() -> None:
    stored(conversation(messages=2))
    annotated("m1", suggested_response="better")
    with transaction() as session:
        session.execute(text("delete from messages"))
    assert left_out(asked()) == {ExclusionReason.MESSAGE_GONE: 1}
    [row] = lines(asked(FormatName.JSONL))
    assert (row["message"], row["suggested_response"]) == (None, "better")


def test_of_a_long_conversation_the_last_hundred_messages_and_the_instructions_are_there() -> None:
    said = [
        message(0, role="system", content="Be kind."),
        *(message(number) for number in range(1, 240)),
    ]
    stored({"id": "c", "user_id": "u", "messages": said})
    annotated("m239", suggested_response="better")
    [line] = lines(asked())
    assert [each["content"] for each in line["messages"][:2]] == ["Be kind.", "text 139"]
    assert len(line["messages"]) == 102
    assert manifest(asked()).shortened == 1


def test_very_long_messages_shorten_what_was_before() -> None:
    said = [message(number, content=f"{number}" * 60_000) for number in range(5)] + [message(5)]
    stored({"id": "c", "user_id": "u", "messages": said})
    annotated("m5", suggested_response="better")
    [line] = lines(asked())
    assert [each["content"][0] for each in line["messages"]] == ["2", "3", "4", "b"]


def test_more_annotations_than_are_read_at_once_come_whole_and_in_order() -> None:
    stored(conversation(messages=2))
    annotated_often(
        "m1", "c", ({"number": number // 3, "content": str(number)} for number in range(600))
    )
    found = lines(asked(FormatName.JSONL))
    assert len({line["id"] for line in found}) == 600
    assert [line["created_at"] for line in found] == sorted(line["created_at"] for line in found)


@pytest.mark.parametrize(
    "said", ["=1+1", "\u202eevil\u202c", '"a",\r\nb', "x" * 200_000, "<b>&amp;</b>", "😀\ttab"]
)
def test_what_users_say_comes_back_from_csv_and_json(said: str, tmp_path: Any) -> None:  # noqa: ANN401
    stored({"id": "c", "user_id": "u", "messages": [message(0), message(1, content=said)]})
    annotated("m1", annotation_type="approved", content=said)
    path = tmp_path / "a.csv"
    path.write_bytes(file(asked(FormatName.CSV)))
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert len(table) == 1
    assert not str(table["message"][0]).startswith("=")
    path = tmp_path / "a.jsonl"
    path.write_bytes(file(asked(FormatName.OPENAI_CHAT)))
    read = pd.read_json(path, lines=True)
    assert read["messages"][0][-1] == {"role": "assistant", "content": said}


def test_the_preview_is_how_the_file_begins() -> None:
    stored(conversation(messages=40))
    for number in range(1, 40, 2):
        annotated(f"m{number}", annotation_type="approved", number=number)
    found = export.preview(asked(), actor=person(Role.SUPER_ADMIN).actor)
    assert len(found) == 5
    assert file(asked()).decode().startswith("".join(found))


def test_who_took_what_is_in_the_audit_log() -> None:
    actor = person(Role.SUPER_ADMIN).actor
    with transaction() as session:
        export.note(session, asked(FormatName.SHAREGPT, Split.TRAIN, tag="tone"), actor=actor)
    with transaction() as session:
        targets = session.execute(
            text("select targets from audit_log where action = 'annotations.export'")
        ).scalar_one()
    assert targets == {"format": "sharegpt", "split": "train", "tag": "tone"}


def test_reviews_of_which_neither_holds_are_both_left_out() -> None:
    stored(conversation(messages=2))
    annotated("m1", annotation_type="approved", round=1)
    annotated("m1", suggested_response="second", round=2, number=1)
    neither_accepted(message_id("m1"), number=2)
    assert left_out(asked()) == {ExclusionReason.OVERRULED: 2}
    annotated("m1", suggested_response="a week later", number=3)
    assert [line["messages"][-1]["content"] for line in lines(asked())] == ["a week later"]
