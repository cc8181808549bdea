"""What the columns of a file do not settle is asked, and nothing is chosen for it."""

from typing import Any

import pytest

from core.imports.mapping import Mapping, ValueUnit
from core.imports.parsed import RowKind
from core.imports.recognition import questions
from core.imports.recognition.result import Recognition
from tests.imports.files import Folder, known, rows_of

AT = "2026-03-04T05:06:07Z"
MARCH = "2026-03-04T05:06:07+00:00"
LATER = "2026-04-01T00:00:00Z"


def asked(found: Recognition) -> dict[str, list[str]]:
    """Return the options of each question about columns, units and values, by field."""
    return {
        each.field: [option.value for option in each.options]
        for each in found.questions
        if each.field
    }


def answer(found: Recognition, **given: dict[str, Any]) -> Mapping:
    assert found.mapping is not None
    plain = found.mapping.model_dump(mode="json", by_alias=True)
    answers: dict[str, Any] = {"columns": {}, "units": {}, "values": {}} | given
    return Mapping.model_validate(questions.answered(plain, found.samples, **answers))


def test_a_time_of_another_name_is_asked_for_and_read_once_it_is_chosen(folder: Folder) -> None:
    path = folder.table("wann model input_tokens", [AT, "m", 5], [AT, "m", 6])
    found = known(path)

    assert found.mapping is not None
    assert found.mapping.open == ["created_at"]
    assert asked(found) == {"created_at": ["wann", ""]}
    mapping = answer(found, columns={"created_at": "wann"})
    assert mapping.open == []
    assert [row["created_at"] for row in rows_of(path, mapping)] == [MARCH, MARCH]


@pytest.mark.parametrize(
    "name",
    ["deadline", "Frist", "due_date", "Fällig am", "échéance", "valid_until", "Geburtsdatum"],
)
def test_a_deadline_is_not_taken_for_the_time_of_a_row(folder: Folder, name: str) -> None:
    path = folder.write(f"{name};model;input_tokens\n{LATER};gpt-4o;5\n{LATER};gpt-4o;6\n")

    assert known(path).mapping.open == ["created_at"]  # type: ignore[union-attr]
    assert "created_at" not in known(path).mapping.fields  # type: ignore[union-attr]


def test_the_time_that_is_named_wins_over_a_deadline_before_it(folder: Folder) -> None:
    path = folder.write(f"Frist;Erstellt am;Modell;Eingabe-Tokens\n{LATER};{AT};gpt-4o;5\n")

    [row] = rows_of(path)

    assert (row["created_at"], row["model"], row["input_tokens"]) == (MARCH, "gpt-4o", 5)


def test_a_length_is_asked_about_before_it_counts_as_tokens(folder: Folder) -> None:
    path = folder.table(
        "timestamp model prompt_length latency_ms",
        [AT, "gpt-4o", 1240, 80],
        [AT, "gpt-4o", 240, 90],
    )
    found = known(path)

    assert asked(found) == {"input_tokens": ["prompt_length", ""]}
    assert [row.get("input_tokens") for row in rows_of(path)] == [None, None]
    assert [
        row["input_tokens"]
        for row in rows_of(path, answer(found, columns={"input_tokens": "prompt_length"}))
    ] == [1240, 240]


def test_lengths_beside_the_time_to_the_first_chunk_are_tokens_and_nobody_is_asked(
    folder: Folder,
) -> None:
    path = folder.table(
        "timestamp first_chunk_time in_len out_len", [AT, 0.03, 476, 409], [AT, 0.02, 182, 122]
    )
    found = known(path)

    assert (found.kind, asked(found)) == (RowKind.AI_REQUESTS, {})
    assert [(row["input_tokens"], row["output_tokens"]) for row in rows_of(path)] == [
        (476, 409),
        (182, 122),
    ]


@pytest.mark.parametrize(
    "name", ["prompt_chars", "Zeichen", "prompt_length_characters", "longueur_prompt_caracteres"]
)
def test_characters_are_no_tokens_and_nobody_is_asked(folder: Folder, name: str) -> None:
    path = folder.table(f"timestamp model latency_ms {name}", [AT, "gpt-4o", 80, 1240])

    assert asked(known(path)) == {}
    assert "input_tokens" not in rows_of(path)[0]


def test_a_length_that_a_text_beside_it_has_is_one_in_characters(folder: Folder) -> None:
    long, short = "a question " * 12, "another one " * 9
    path = folder.table(
        "timestamp model latency_ms note prompt_length",
        [AT, "gpt-4o", 80, long, len(long)],
        [AT, "gpt-4o", 90, short, len(short)],
    )

    assert asked(known(path)) == {}


@pytest.mark.parametrize(
    "name",
    [
        "Kunde",
        "Kunden-Nr.",
        "utilisateur",
        "id_usuario",
        "Mitarbeiter-ID",
        "requesting_user_id",
        "klant",
    ],
)
def test_users_are_found_under_other_names(folder: Folder, name: str) -> None:
    path = folder.write(f"timestamp;model;latency_ms;{name}\n{AT};gpt-4o;80;k-17\n")

    assert rows_of(path)[0]["user_id"] == "k-17"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KI-Modell", "hausintern-7"),
        ("modèle", "x1"),
        ("motor", "claude-sonnet-5"),
        ("v", "openai/gpt-4o"),
    ],
)
def test_models_are_found_by_other_names_and_by_what_they_are_called(
    folder: Folder, name: str, value: str
) -> None:
    path = folder.write(f"timestamp;{name};input_tokens\n{AT};{value};80\n")

    assert rows_of(path)[0]["model"] == value


def test_dates_that_read_both_ways_are_asked_about(folder: Folder) -> None:
    path = folder.table("date event user", ["03/04/2026", "a", "u"], ["05/06/2026", "b", "u"])
    found = known(path)

    assert asked(found)["created_at"] == ["day_first", "month_first"]
    assert found.mapping is not None
    assert found.mapping.open == ["created_at.unit"]
    day_first, month_first = (
        answer(found, units={"created_at": unit})
        for unit in (ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST)
    )
    assert rows_of(path, day_first)[0]["created_at"].startswith("2026-04-03")
    assert rows_of(path, month_first)[0]["created_at"].startswith("2026-03-04")


def test_a_dry_run_says_in_which_order_dates_are_read(folder: Folder) -> None:
    path = folder.table("date event user", ["13/04/2026", "a", "u"])

    assert known(path).readings == [
        "date is read as created_at, with the day first: 13/04/2026 is 2026-04-13 00:00:00 UTC."
    ]


def test_dates_between_points_have_the_day_first(folder: Folder) -> None:
    path = folder.table("date event user", ["03.04.2026", "a", "u"])

    assert known(path).mapping.open == []  # type: ignore[union-attr]


def test_unknown_states_are_asked_about_and_read_as_they_are_said_to_mean(folder: Folder) -> None:
    path = folder.table(
        "timestamp model latency_ms Status", [AT, "m", 80, "erledigt"], [AT, "m", 90, "abgebrochen"]
    )
    found = known(path)

    assert asked(found) == {"status": ["error", "ok", "pending"]}
    mapping = answer(found, values={"status": {"erledigt": "ok", "abgebrochen": "error"}})
    assert mapping.open == []
    assert [row["status"] for row in rows_of(path, mapping)] == ["ok", "error"]


def test_unknown_roles_are_asked_about(folder: Folder) -> None:
    path = folder.table(
        "conversation_id rolle nachricht",
        ["c1", "Ratsuchende", "Hallo"],
        ["c1", "Lotse", "Guten Tag"],
        ["c1", "Lotse", "Ja?"],
    )
    found = known(path)

    assert asked(found) == {"role": ["user", "assistant", "system", "tool"]}
    [conversation] = rows_of(
        path, answer(found, values={"role": {"Ratsuchende": "user", "Lotse": "assistant"}})
    )
    assert [message["role"] for message in conversation["messages"]] == [
        "user",
        "assistant",
        "assistant",
    ]


def test_event_types_can_be_named_as_steps_and_nothing_waits_for_it(folder: Folder) -> None:
    path = folder.table(
        "timestamp event user", [AT, "Anmeldung begonnen", "u1"], [AT, "Kauf", "u1"]
    )
    found = known(path)

    assert found.mapping is not None
    assert found.mapping.open == []
    offered = [(each.field, each.values) for each in found.questions]
    assert offered == [("event_type", ["Anmeldung begonnen", "Kauf"])]
    mapping = answer(
        found, values={"event_type": {"Anmeldung begonnen": "onboarding.register_start"}}
    )
    assert [row["event_type"] for row in rows_of(path, mapping)] == [
        "onboarding.register_start",
        "Kauf",
    ]


def test_a_table_with_a_time_of_unknown_name_and_nothing_else_is_asked_about(
    folder: Folder,
) -> None:
    path = folder.table("titel frist preis", ["Tisch", LATER, "12,50"], ["Stuhl", LATER, "7,90"])

    assert known(path).kind is None


def test_prices_in_another_currency_are_no_costs_in_dollars(folder: Folder) -> None:
    path = folder.write(f"timestamp;model;input_tokens;cost (EUR)\n{AT};gpt-4o;80;0,0042\n")

    assert "cost_usd" not in rows_of(path)[0]


def test_kinds_of_tables_are_known_in_german_too(folder: Folder) -> None:
    path = folder.write(f"Zeitpunkt;Ereignis;Kunde;Sitzung\n{AT};Kauf;k1;s1\n")

    assert known(path).kind is RowKind.EVENTS


def test_a_kind_that_a_person_chooses_brings_its_own_questions(folder: Folder) -> None:
    path = folder.table(
        "titel frist preis",
        ["Tisch", "2026-03-04 05:06", "12,50"],
        ["Stuhl", "2026-03-05 05:06", "7,90"],
    )
    found = known(path)
    assert found.draft is not None
    chosen = found.draft.model_copy(update={"kind": RowKind.EVENTS, "fields": {}})

    fields = [(each.key, each.field) for each in questions.of_kind(chosen, found.samples)]

    assert fields == [("column", "created_at"), ("zone", "")]


def test_a_time_that_all_records_share_may_be_their_time(folder: Folder) -> None:
    # Samples are distinct values: one time in all rows looked like a column that is nearly empty
    path = folder.table(
        "when what", ["2026-03-04 05:06:00", "start"], ["2026-03-04 05:06:00", "stop"]
    )
    found = known(path)
    assert found.draft is not None
    chosen = found.draft.model_copy(update={"kind": RowKind.EVENTS, "fields": {}})

    fields = [(each.key, each.field) for each in questions.of_kind(chosen, found.samples)]

    assert fields == [("column", "created_at"), ("zone", "")]
