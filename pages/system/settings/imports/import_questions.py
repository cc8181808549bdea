"""Questions about what a file does not say: zones, starts, models, units and meanings of values."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.database import settings
from core.imports.cells import unknown_values
from core.imports.mapping import Mapping, RecordShape
from core.imports.parsed import RowKind
from core.imports.recognition import questions
from core.imports.recognition.result import ImportQuestion, QuestionKind
from core.imports.schemas import ImportView
from pages.system.settings.imports import field_keys

WIDTH = 420
OTHER = "(not mapped)"


def draw(found: ImportView, mapping: dict[str, Any]) -> dict[str, Any]:
    """Draw each question, and return the mapping with the answers."""
    asked = [ImportQuestion.model_validate(each) for each in found.recognition.get("questions", [])]
    samples = {column["path"]: list(column["samples"]) for column in found.recognition["columns"]}
    if (
        mapping["format"] == RecordShape.TABLE
        and mapping["kind"] != found.recognition.get("kind")
        and mapping["fields"]
    ):
        asked = questions.of_kind(Mapping.model_validate(mapping), samples)
    plain: dict[str, Any] = {}
    columns: dict[str, str] = {}
    units: dict[str, Any] = {}
    for question in asked:
        match question.key:
            case QuestionKind.COLUMN if (
                question.field not in mapping["fields"] or question.field in mapping["open"]
            ):
                if (answer := _draw_options(found, question)) is not None:
                    columns[question.field] = answer
            case QuestionKind.UNIT if question.field in mapping["fields"]:
                if (answer := _draw_options(found, question)) is not None:
                    units[question.field] = answer
            case QuestionKind.ZONE | QuestionKind.START | QuestionKind.MODEL:
                plain[question.key] = _draw_plain(found, question, mapping)
    told = _draw_values(found, asked, mapping)
    answered = questions.answered(mapping, samples, columns=columns, units=units, values=told)
    return answered | {name: value for name, value in plain.items() if value}


def _draw_options(found: ImportView, question: ImportQuestion) -> str | None:
    texts = {option.value: option.text for option in question.options}
    return st.selectbox(
        question.text,
        list(texts),
        # Nothing is preselected: the file does not say which it is
        index=None,
        placeholder="Choose an answer",
        key=field_keys.key(f"ask-{question.key}-{question.field}", found.id),
        format_func=lambda value: texts.get(value, value),
        width=WIDTH,
    )


def _draw_plain(found: ImportView, question: ImportQuestion, mapping: dict[str, Any]) -> str | None:
    key = field_keys.key(question.key, found.id)
    present = mapping.get(question.key) or question.default
    match question.key:
        case QuestionKind.ZONE:
            zones = settings.time_zones()
            return st.selectbox(
                question.text,
                zones,
                zones.index(present) if present in zones else 0,
                key=key,
                width=WIDTH,
            )
        case QuestionKind.START:
            began = datetime.fromisoformat(present or "").astimezone(UTC)
            # The input would show a zone's own clock, but is labelled UTC
            began = began.replace(tzinfo=None)
            at = st.datetime_input(f"{question.text} (UTC)", began, key=key, width=WIDTH)
            return at.replace(tzinfo=UTC).isoformat() if at else None
        case _:
            return (
                st.text_input(
                    question.text, present or "", key=key, max_chars=200, width=WIDTH
                ).strip()
                or None
            )


def _draw_values(
    found: ImportView, asked: list[ImportQuestion], mapping: dict[str, Any]
) -> dict[str, dict[str, str]]:
    """Draw the meanings of unknown values by field, from the first records and the dry run."""
    later = found.dry_run.unknown if found.dry_run is not None else {}
    unknown = {
        each.field: dict.fromkeys(each.values) for each in asked if each.key is QuestionKind.VALUES
    }
    for field, counted in later.items():
        unknown.setdefault(field, {}).update(dict.fromkeys(counted))
    is_there = {unknown_values.ROLE: bool(mapping.get("turns"))} | {
        name: bool(rule.get("path")) for name, rule in mapping["fields"].items()
    }
    told = {}
    for field, values in unknown.items():
        if (
            values
            and is_there.get(field)
            and (answers := _draw_meanings(found, field, list(values), mapping))
        ):
            told[field] = answers
    return told


def _draw_meanings(
    found: ImportView, field: str, values: list[str], mapping: dict[str, Any]
) -> dict[str, str]:
    name = field.replace("_", " ")
    is_needed = field != "event_type"
    known = (
        (mapping["turns"] or {}).get("roles", {})
        if field == unknown_values.ROLE
        else mapping["fields"][field].get("values", {})
    )
    place = st.container() if is_needed else st.expander(f"Map event types ({len(values)})")
    more = "" if found.dry_run is not None else " of the first records; a dry run finds all"
    then = "Rows with unmapped values are rejected." if is_needed else "Unmapped values are kept."
    place.caption(f"Unknown values of {name}{more}. {then}")
    edited = place.data_editor(
        pd.DataFrame(
            [[value, known.get(value, OTHER)] for value in values], columns=["Value", "Map to"]
        ),
        hide_index=True,
        row_height=34,
        key=field_keys.key(f"values-{field}", found.id),
        disabled=["Value"],
        width=WIDTH,
        column_config={
            "Map to": st.column_config.SelectboxColumn(
                options=[OTHER, *unknown_values.options(field, RowKind(mapping["kind"]))],
                required=True,
            )
        },
    )
    return {value: meaning for value, meaning in edited.itertuples(index=False) if meaning != OTHER}
