"""Comparisons: one message to several columns, votes, and what a blind one hides."""

from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select

from core.annotations.models import PreferencePair
from core.comparisons import queries
from core.comparisons.schemas import ComparisonView
from core.database.db import Database, transaction
from core.jobs import outbox
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.comparisons import asked, begun, finish, voted
from tests.factories.identity import Person, person


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def read(mine: httpx2.Client, id_: object) -> dict[str, Any]:
    body: dict[str, Any] = mine.get(f"/comparisons/{id_}").json()
    return body


def pairs() -> list[PreferencePair]:
    with transaction(Database.AI) as ai:
        return list(ai.scalars(select(PreferencePair).order_by(PreferencePair.rejected_place)))


def test_a_message_goes_to_all_columns_and_each_has_its_figures(mine: httpx2.Client) -> None:
    columns = [{"model": "fake:echo", "custom_prompt": "Be brief."}, {"model": "fake:plain"}]
    made = mine.post("/comparisons", json={"columns": columns})
    assert made.status_code == 201
    id_ = made.json()["id"]
    for message in ("first", "second"):
        sent = mine.post(f"/comparisons/{id_}/turns", json={"message": message})
        assert sent.status_code == 202
        for column in sent.json()["columns"]:
            finish(UUID(column["session_id"]))
    found = read(mine, id_)
    assert [turn["message"] for turn in found["turns"]] == ["first", "second"]
    answers = found["turns"][1]["answers"]
    assert [each["model"] for each in answers] == ["fake:echo", "fake:plain"]
    assert "second (prompt: Be brief.)" in answers[0]["content"]
    assert all(each["total_tokens"] and each["first_token_ms"] is not None for each in answers)
    prompts = [column["prompt"] for column in found["columns"]]
    assert prompts[0].startswith("Custom prompt")
    assert prompts[1] == "Default prompt"


def test_a_column_answers_with_a_version_of_a_prompt(mine: httpx2.Client) -> None:
    mine.post("/templates", json={"name": "pirate", "prompt": "", "system_prompt": "Say arr."})
    made = mine.post("/comparisons", json={"columns": [{"model": "fake:echo", "prompt": "pirate"}]})
    assert made.json()["columns"][0]["prompt"] == "pirate@1"
    sent = mine.post(f"/comparisons/{made.json()['id']}/turns", json={"message": "hi"}).json()
    finish(UUID(sent["columns"][0]["session_id"]))
    [answer] = read(mine, sent["id"])["turns"][0]["answers"]
    assert "Say arr." in answer["content"]


def test_a_column_that_cannot_begin_says_so_and_stops_no_other(
    one: Person, mine: httpx2.Client
) -> None:
    comparison = begun(one.actor, "fake:echo", "fake:missing")
    sent = mine.post(f"/comparisons/{comparison.id}/turns", json={"message": "hello"}).json()
    finish(UUID(sent["columns"][0]["session_id"]))
    good, bad = read(mine, comparison.id)["turns"][0]["answers"]
    assert (good["status"], good["problem"]) == ("completed", None)
    assert bad["status"] is None
    assert bad["problem"]


def test_a_message_that_no_column_takes_is_refused_and_leaves_no_turn(
    one: Person, mine: httpx2.Client
) -> None:
    comparison = begun(one.actor, "fake:missing", "fake:gone")
    sent = mine.post(f"/comparisons/{comparison.id}/turns", json={"message": "hello"})
    assert sent.status_code == 404
    assert read(mine, comparison.id)["turns"] == []


def test_while_a_column_answers_no_message_is_taken_and_stopping_ends_it(
    one: Person, mine: httpx2.Client
) -> None:
    comparison = begun(one.actor, "fake:slow", "fake:slow")
    path = f"/comparisons/{comparison.id}"
    mine.post(f"{path}/turns", json={"message": "hello"})
    refused = mine.post(f"{path}/turns", json={"message": "again"})
    early = mine.post(f"{path}/vote", json={"turn": 1, "outcome": "tie"})
    assert [(it.status_code, it.json()["code"]) for it in (refused, early)] == [
        (409, "answer_pending")
    ] * 2
    assert mine.post(f"{path}/stop").status_code == 204
    answers = read(mine, comparison.id)["turns"][0]["answers"]
    assert {each["status"] for each in answers} == {"cancelled"}


def test_a_blind_comparison_names_nothing_until_the_vote(one: Person, mine: httpx2.Client) -> None:
    comparison = begun(one.actor, "fake:echo", "fake:plain", "fake:missing", blind=True)
    asked_once = mine.post(f"/comparisons/{comparison.id}/turns", json={"message": "hello"})
    before = asked_once.json()
    numbers = [it["column"] for it in before["turns"][0]["answers"] if it["status"]]
    for number in numbers:
        finish(UUID(before["columns"][number - 1]["session_id"]))
    hidden = mine.get(f"/comparisons/{comparison.id}")
    assert hidden.json()["names_hidden"] is True
    assert not {"fake:echo", "fake:plain", "fake:missing"} & set(names(hidden.json()))
    assert "fake:missing" not in hidden.text
    shown = mine.post(f"/comparisons/{comparison.id}/vote", json={"turn": 1, "outcome": numbers[0]})
    assert shown.json()["names_hidden"] is False
    assert set(names(shown.json())) >= {"fake:echo", "fake:plain", "fake:missing"}
    assert shown.json()["turns"][0]["blind"] is True
    assert ids(shown.json()) == ids(before)


def names(comparison: dict[str, Any]) -> list[str | None]:
    answers = [answer for turn in comparison["turns"] for answer in turn["answers"]]
    return [each["model"] for each in (*comparison["columns"], *answers)]


def ids(comparison: dict[str, Any]) -> list[str]:
    return [column["session_id"] for column in comparison["columns"]]


def test_the_order_of_a_blind_comparison_is_random(one: Person) -> None:
    def first_model() -> str:
        comparison = begun(one.actor, blind=True)
        with transaction() as session:
            row = queries.get_row(session, comparison.id, owner=one.actor.id)
            return str(row.columns[0]["title"])

    assert {first_model() for _ in range(20)} == {"fake:echo", "fake:plain"}


def test_a_vote_after_the_names_are_shown_is_not_blind(one: Person) -> None:
    comparison = begun(one.actor, blind=True)
    asked(one.actor, comparison, "first")
    asked(one.actor, comparison, "second")
    voted(one.actor, comparison, 1, turn=1)
    second = voted(one.actor, comparison, 1, turn=2)
    assert [turn.blind for turn in second.turns] == [True, False]


def test_a_vote_leaves_a_pair_for_each_column_that_lost(one: Person) -> None:
    comparison = begun(one.actor, "fake:echo", "fake:plain", "fake:echo")
    asked(one.actor, comparison, "Where is it?")
    view = voted(one.actor, comparison, 2, reason=" Calmer. ")
    first, last = pairs()
    assert (first.rejected_place, last.rejected_place) == (1, 3)
    assert first.chosen == view.turns[0].answers[1].content
    assert first.rejected == view.turns[0].answers[0].content
    assert [each["role"] for each in first.prompt] == ["system", "user"]
    assert first.prompt[-1]["content"] == "Where is it?"
    assert (first.chosen_model, first.rejected_model) == ("fake:plain", "fake:echo")
    assert first.chosen_prompt == "Default prompt"
    assert (first.origin, first.reason, first.voter) == ("comparison", "Calmer.", one.actor.id)


def test_a_pair_of_a_later_turn_has_what_was_said_before_in_the_winners_column(
    one: Person,
) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison, "first")
    asked(one.actor, comparison, "second")
    view = voted(one.actor, comparison, 1, turn=2)
    [pair] = pairs()
    winner_said = view.turns[0].answers[0].content
    assert [each["content"] for each in pair.prompt][1:] == ["first", winner_said, "second"]


def test_a_new_vote_replaces_the_old_one_and_its_pairs(one: Person) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison)
    voted(one.actor, comparison, 1, reason="Better.")
    view = voted(one.actor, comparison, 2)
    assert (view.turns[0].winner, view.turns[0].reason) == (2, None)
    [pair] = pairs()
    assert pair.rejected_place == 1
    voted(one.actor, comparison, "tie")
    assert pairs() == []


def test_an_event_that_comes_twice_leaves_one_pair(one: Person) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison)
    voted(one.actor, comparison, 1)
    with transaction() as session:
        turn = queries.turns_of(session, comparison.id)[0]
        outbox.add(session, "comparison.voted", {"turns": [str(turn.id)]})
    outbox.relay(Database.CORE)
    assert len(pairs()) == 1


@pytest.mark.parametrize(
    ("turn", "outcome", "status"), [(2, 1, 404), (1, 3, 422), (1, 5, 422), (1, "worse", 422)]
)
def test_a_vote_on_what_is_not_there_is_refused(
    one: Person, mine: httpx2.Client, turn: int, outcome: object, status: int
) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison)
    body = {"turn": turn, "outcome": outcome}
    assert mine.post(f"/comparisons/{comparison.id}/vote", json=body).status_code == status


def test_one_answer_alone_cannot_be_voted_on(one: Person, mine: httpx2.Client) -> None:
    comparison = begun(one.actor, "fake:echo")
    asked(one.actor, comparison)
    body = {"turn": 1, "outcome": 1}
    assert mine.post(f"/comparisons/{comparison.id}/vote", json=body).status_code == 422


def test_columns_are_in_no_list_of_sessions_until_one_is_kept(
    one: Person, mine: httpx2.Client
) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison, "hello there")
    session_id = str(comparison.columns[1].session_id)
    assert sessions(mine) == []
    history = {"session_id": session_id}
    assert mine.get("/admin/playground/history", params=history).status_code == 404
    given = {"message": "x", "model": "fake:echo", **history}
    assert mine.post("/admin/playground/chat", json=given).status_code == 404
    kept = mine.post(f"/comparisons/{comparison.id}/keep", json={"column": 2})
    assert kept.json() == {"session_id": session_id}
    [session] = sessions(mine)
    assert (session["session_id"], session["name"]) == (session_id, "hello there")
    assert len(mine.get("/admin/playground/history", params=history).json()["messages"]) == 2


def sessions(mine: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = mine.get("/admin/playground/sessions").json()["sessions"]
    return found


def test_a_comparison_ends_when_a_column_is_kept(one: Person, mine: httpx2.Client) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison)
    path = f"/comparisons/{comparison.id}"
    mine.post(f"{path}/keep", json={"column": 1})
    again = mine.post(f"{path}/keep", json={"column": 2})
    sent = mine.post(f"{path}/turns", json={"message": "more"})
    assert [(it.status_code, it.json()["code"]) for it in (again, sent)] == [
        (409, "comparison_ended")
    ] * 2


def test_a_winning_column_becomes_the_newest_version_of_its_prompt(
    one: Person, mine: httpx2.Client
) -> None:
    body = {
        "name": "pirate",
        "system_prompt": "Say arr, {{name}}.",
        "variables": [{"name": "name", "default": "mate"}],
    }
    prompt_id = mine.post("/templates", json=body).json()["id"]
    mine.put(f"/templates/{prompt_id}", json={"system_prompt": "Say nothing."})
    columns = [
        {"model": "fake:plain"},
        {
            "model": "fake:echo",
            "prompt": "pirate",
            "prompt_version": 1,
            "parameters": {"temperature": 0.5},
        },
    ]
    comparison = ComparisonView.model_validate(
        mine.post("/comparisons", json={"columns": columns}).json()
    )
    asked(one.actor, comparison)
    voted(one.actor, comparison, 2)
    saved = mine.post(f"/comparisons/{comparison.id}/version", json={"column": 2})
    assert saved.status_code == 201
    assert (saved.json()["name"], saved.json()["version"]) == ("pirate", 3)
    newest = mine.get(f"/templates/{prompt_id}/versions").json()["items"][0]
    assert newest["system_prompt"] == "Say arr, {{name}}."
    assert newest["variables"][0]["default"] == "mate"
    assert (newest["model_id"], newest["default_parameters"]["temperature"]) == ("fake:echo", 0.5)
    assert newest["note"] == "Won 1 of 1 votes against fake:plain (Default prompt)"


def test_a_winning_custom_prompt_becomes_a_prompt_of_its_own_with_a_name(
    one: Person, mine: httpx2.Client
) -> None:
    comparison = begun(one.actor, "fake:echo", "fake:plain", prompts=["Use {{braces}}."])
    asked(one.actor, comparison)
    path = f"/comparisons/{comparison.id}/version"
    early = mine.post(path, json={"column": 1, "name": "braces"})
    assert (early.status_code, early.json()["code"]) == (409, "no_win")
    voted(one.actor, comparison, 1)
    assert mine.post(path, json={"column": 1}).status_code == 422
    mine.post(f"/comparisons/{comparison.id}/keep", json={"column": 1})
    saved = mine.post(path, json={"column": 1, "name": "braces"}).json()
    rendered = mine.post(f"/templates/{saved['id']}/render", json={}).json()
    assert rendered["system_prompt"] == "Use {{braces}}."
    assert mine.post(path, json={"column": 1, "name": "braces"}).status_code == 409
    assert mine.post(path, json={"column": 3, "name": "other"}).status_code == 422


def test_parameters_of_a_column_override_those_of_its_prompts_version(
    mine: httpx2.Client,
) -> None:
    parameters = {"temperature": 0.1, "max_tokens": 50}
    body = {"name": "brief", "prompt": "", "system_prompt": "x", "default_parameters": parameters}
    mine.post("/templates", json=body)
    column = {"model": "fake:echo", "prompt": "brief", "parameters": {"temperature": 0.9}}
    made = mine.post("/comparisons", json={"columns": [column]}).json()
    assert made["columns"][0]["parameters"] == {"temperature": 0.9, "max_tokens": 50}
    hidden = mine.post("/comparisons", json={"columns": [column], "blind": True}).json()
    facts = ("model", "prompt", "prompt_id", "parameters")
    assert [hidden["columns"][0][name] for name in facts] == [None] * 4


def test_removing_a_comparison_removes_its_sessions_but_not_the_kept_one(
    one: Person, mine: httpx2.Client
) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison)
    voted(one.actor, comparison, 1)
    mine.post(f"/comparisons/{comparison.id}/keep", json={"column": 1})
    assert mine.delete(f"/comparisons/{comparison.id}").status_code == 204
    assert mine.get(f"/comparisons/{comparison.id}").status_code == 404
    assert [it["session_id"] for it in sessions(mine)] == [str(comparison.columns[0].session_id)]
    assert len(pairs()) == 1


def test_the_list_has_the_last_used_first(one: Person, mine: httpx2.Client) -> None:
    first, second = begun(one.actor), begun(one.actor)
    asked(one.actor, first, "Which is it?")
    found = mine.get("/comparisons").json()["comparisons"]
    assert [(it["id"], it["name"], it["turns"]) for it in found] == [
        (str(first.id), "Which is it?", 1),
        (str(second.id), None, 0),
    ]


def test_all_comparisons_can_be_listed(one: Person, mine: httpx2.Client) -> None:
    ids = [str(begun(one.actor).id) for _ in range(3)]
    page = mine.get("/comparisons", params={"limit": 2, "offset": 2}).json()
    assert [it["id"] for it in page.pop("comparisons")] == ids[:1]
    assert page == {"total_count": 3, "limit": 2, "offset": 2}
    assert mine.get("/comparisons").json()["limit"] == 50


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/turns", {"message": "x"}),
        ("POST", "/stop", None),
        ("POST", "/vote", {"turn": 1, "outcome": "tie"}),
        ("POST", "/keep", {"column": 1}),
        ("POST", "/version", {"column": 1, "name": "x"}),
    ],
)
def test_nobody_reaches_the_comparison_of_another(
    client: Client, method: str, tail: str, body: dict[str, object] | None
) -> None:
    owner = person()
    comparison = begun(owner.actor)
    asked(owner.actor, comparison)
    other = client(person())
    for id_ in (comparison.id, new_id()):
        answer = other.request(method, f"/comparisons/{id_}{tail}", json=body)
        assert answer.status_code == 404
    found = other.get("/comparisons").json()
    assert (found["comparisons"], found["total_count"]) == ([], 0)


def test_the_leaderboard_ranks_by_own_votes_and_keeps_blind_ones_apart(
    one: Person, mine: httpx2.Client, client: Client
) -> None:
    for outcome in (1, 1, "tie", "both_bad"):
        comparison = begun(one.actor, "fake:echo", "fake:plain")
        asked(one.actor, comparison)
        voted(one.actor, comparison, outcome)
    best, worst = mine.get("/comparisons/leaderboard").json()["standings"]
    assert [best[name] for name in ("name", "wins", "losses", "ties")] == ["fake:echo", 2, 0, 1]
    assert worst["chance"] < 0.5 < best["chance"]
    assert {best["chance_low"], best["chance_high"], worst["chance_low"]} == {None}
    nobody = client(person())
    for answer in (
        mine.get("/comparisons/leaderboard", params={"blind": True}),
        mine.get("/comparisons/leaderboard", params={"by": "prompt"}),
        nobody.get("/comparisons/leaderboard"),
    ):
        assert answer.json() == {"standings": []}
