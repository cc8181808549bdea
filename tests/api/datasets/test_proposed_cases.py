"""A model proposes cases over HTTP; nothing is saved until they are posted."""

import json

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.datasets import dataset
from tests.factories.identity import person


def test_proposed_cases_can_be_added_as_they_are_and_are_marked(client: Client) -> None:
    anna = person(Role.ADMIN)
    made = dataset(anna.actor)
    mine = client(anna)
    cases = [{"question": "Is it late?", "reference": "Yes.", "tags": ["late"]}]
    note = f"#fake {json.dumps({'json': {'cases': cases}})}\nRefunds"
    body = {"model_id": "fake:echo", "count": 1, "note": note}
    found = mine.post(f"/datasets/{made.id}/cases/propose", json=body).raise_for_status().json()
    assert mine.get(f"/datasets/{made.id}").json()["version"] == made.version
    kept = {"cases": found["cases"]}
    mine.post(f"/datasets/{made.id}/cases", json=kept).raise_for_status()
    [case] = mine.get(f"/datasets/{made.id}/cases").json()["items"]
    assert case["content"]["origin"] == "model"
    assert case["content"]["reference"] == "Yes."
