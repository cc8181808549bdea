"""A model proposes a better prompt over HTTP; nothing is saved, and the call is recorded."""

import json
from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.database.db import transaction
from core.executions import encrypted_texts
from core.executions.models import Execution
from core.identity.schemas import Role, Scope
from core.improvements.queries import MOST_ANNOTATIONS
from core.prompts.views import PromptView
from tests.api.conftest import Client
from tests.factories.conversations import conversation, stored
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing
from tests.factories.prompts import create
from tests.factories.reviews import annotated

TEXT = "Answer in one sentence.\n<question>{{question}}</question>"
BETTER = "Answer in two sentences, and cite dates.\n<question>{{question}}</question>"
HELD_OUT = "h"  # a conversation whose ID puts it into the hold-out split


@pytest.fixture
def anna() -> Person:
    return person(Role.ADMIN)


@pytest.fixture
def prompt(anna: Person) -> PromptView:
    return create(anna.actor, prompt=TEXT, variables=[{"name": "question"}])


def reviewed(number: int = 0, **more: object) -> UUID:
    facts: dict[str, Any] = {"status": "reviewed", "prompt_version": "support@1"}
    return annotated(number=number, **facts | more)


def ask(
    mine: httpx2.Client, prompt: PromptView, answer: object = None, **given: object
) -> httpx2.Response:
    """Ask for a better prompt; the fake provider plays the answer."""
    script = f"#fake {json.dumps({'json': answer})}\n" if answer is not None else ""
    body = {"model_id": "fake:echo", **given, "note": script + str(given.get("note", ""))}
    return mine.post(f"/templates/{prompt.id}/improve", json=body)


def test_a_proposal_has_texts_a_diff_and_the_annotations_that_it_addresses(
    client: Client, anna: Person, prompt: PromptView
) -> None:
    stored(conversation("c", messages=4))
    minor, critical = reviewed(severity="minor"), reviewed(1, severity="critical")
    mine = client(anna)
    answer = {"prompt": BETTER, "addressed": ["A2", "A1", "A2", "A9", str(minor)], "why": "Dates."}
    found = ask(mine, prompt, answer).raise_for_status().json()
    assert (found["version"], found["prompt"], found["system_prompt"]) == (1, BETTER, None)
    assert found["addressed"] == [str(minor), str(critical)]  # the most severe is A1
    assert found["why"] == "Dates."
    assert found["prompt_diff"][:4] == [
        {"kind": "same", "text": "Answer in "},
        {"kind": "removed", "text": "one sentence."},
        {"kind": "added", "text": "two sentences, and cite dates."},
        {"kind": "same", "text": "\n<question>{{question}}</question>"},
    ]
    assert mine.get(f"/templates/{prompt.id}").json()["version"] == 1
    execution = mine.get(f"/prompts/{found['execution_id']}").json()
    assert execution["metadata"] == {"improves": "support@1"}


def test_the_model_reads_open_annotations_of_the_prompt_and_findings(
    client: Client, anna: Person, prompt: PromptView
) -> None:
    stored(conversation("c", messages=4))
    reviewed(content="of this prompt", suggested_response="better")
    reviewed(content="of another", prompt_version="support_x@1")
    reviewed(content="not reviewed", status="pending")
    reviewed(content="fixed already", status="applied", applied_version="support@1")
    reviewed(content="fine as it is", annotation_type="approved")
    reviewed(content="overruled", name="m3")
    reviewed(2, content="as adjudicated", name="m3", round=3)
    content = {"prompt": f"{TEXT}\n{{{{later}}}}", "variables": [{"name": "question"}]}
    answer = {"prompt": content["prompt"], "addressed": [], "why": ""}
    found = ask(client(anna), prompt, answer, content=content, note="Shorter.").json()
    with transaction() as session:
        row = session.get_one(Execution, UUID(found["execution_id"]))
        owner, sent = row.owner, _sent(row)
    assert owner == anna.actor.id
    assert "Shorter." in sent
    assert "of this prompt" in sent
    assert "better" in sent
    assert "as adjudicated" in sent
    assert "Not declared: later." in sent
    others = ("of another", "not reviewed", "fixed already", "fine as it is", "overruled")
    assert not [text for text in others if text in sent]


def test_overruled_annotations_take_no_place_of_open_ones(
    client: Client, anna: Person, prompt: PromptView
) -> None:
    # Left out after the thirty most severe were taken, they had the places of others
    stored(conversation("c", messages=4))
    reviewed(content="open", severity="minor")
    for _ in range(MOST_ANNOTATIONS):
        reviewed(content="overruled", name="m3", severity="critical")
    annotated(number=1, name="m3", round=3)
    answer = {"prompt": BETTER, "addressed": ["A1"], "why": ""}
    assert len(ask(client(anna), prompt, answer).json()["addressed"]) == 1


def test_the_model_reads_no_annotations_that_are_held_out_to_measure_its_prompt(
    client: Client, anna: Person, prompt: PromptView
) -> None:
    for name in ("c", HELD_OUT):
        stored(conversation(name, messages=4))
    annotated(conversation=HELD_OUT, status="reviewed", prompt_version="support@1")
    refused = ask(client(anna), prompt)
    assert (refused.status_code, "hold-out split" in refused.json()["detail"]) == (422, True)
    reviewed(content="of the training split")
    answer = {"prompt": BETTER, "addressed": ["A1", "A2"], "why": ""}
    assert len(ask(client(anna), prompt, answer).json()["addressed"]) == 1


def _sent(row: Execution) -> str:
    return encrypted_texts.open_(row.prompt, "prompt", row.id) or ""


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"prompt": "Answer.", "addressed": [], "why": ""}, "it left out {{question}}"),
        ({"prompt": "{{question}}", "addressed": [], "why": ""}, "delimiters around {{question}}"),
        ({"prompt": f"{TEXT}{{{{x}}}}", "addressed": [], "why": ""}, "it added {{x}}"),
        ({"prompt": 7}, "isn't JSON of the form"),
        ([], "isn't JSON of the form"),
        ({"addressed": []}, "it left out {{question}}"),
    ],
)
def test_an_answer_that_cannot_be_used_is_an_error_that_says_why(
    client: Client, anna: Person, prompt: PromptView, answer: object, problem: str
) -> None:
    refused = ask(client(anna), prompt, answer)
    assert (refused.status_code, refused.json()["code"]) == (502, "provider_failed")
    assert problem in refused.json()["detail"]
    assert refused.json()["detail"].endswith("Try again, or choose another model.")


def test_a_call_that_fails_and_an_answer_that_is_cut_are_errors(
    client: Client, anna: Person, prompt: PromptView
) -> None:
    mine = client(anna)
    failed = ask(mine, prompt, model_id="fake:failing", note="Shorter.")
    assert (failed.status_code, failed.json()["code"]) == (502, "provider_failed")
    for reason in ("length", "max_tokens"):
        cut = ask(mine, prompt, note=f'#fake {{"text": "{{", "finish_reason": "{reason}"}}')
        assert "cut off at the model's limit" in cut.json()["detail"]


def test_a_model_without_structured_output_is_refused_before_the_call(
    client: Client, anna: Person, prompt: PromptView
) -> None:
    refused = ask(client(anna), prompt, model_id="fake:plain", note="Shorter.")
    assert refused.status_code == 422
    assert "fake:plain can't return structured output" in refused.json()["detail"]
    with transaction() as session:
        assert session.query(Execution).count() == 0


def test_a_prompt_that_is_too_long_for_an_answer_is_refused_before_the_call(
    client: Client, anna: Person, prompt: PromptView
) -> None:
    content = {"system_prompt": "x" * 100_000, "prompt": "y" * 100_000}
    refused = ask(client(anna), prompt, content=content, note="Shorter.")
    assert refused.status_code == 422
    assert "too much for fake:echo" in refused.json()["detail"]


def test_a_prompt_without_annotations_findings_or_a_note_is_not_sent(
    client: Client, anna: Person
) -> None:
    prompt = create(anna.actor, prompt="Answer in one sentence.")
    refused = ask(client(anna), prompt)
    assert refused.status_code == 422
    assert "Add a note" in refused.json()["detail"]


def test_keys_and_those_who_do_not_see_the_prompt_get_no_proposal(
    client: Client, prompt: PromptView
) -> None:
    assert ask(client(person(Role.ADMIN)), prompt, note="x").status_code == 404
    program = client()
    program.headers.update(bearing(api_key(Scope.EXECUTE)))
    assert ask(program, prompt, note="x").status_code == 403
