"""Cases are found by words in their texts, by tag, split and origin, page by page."""

from typing import Any

import pytest

from core.database.db import transaction
from core.database.paging import Window
from core.datasets.queries.cases import list_cases, list_tags
from core.datasets.schemas import CaseFilter
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.identity import person


@pytest.mark.usefixtures("database")
def test_cases_are_found_by_each_filter() -> None:
    actor = person().actor
    made = dataset(
        actor,
        question("Where is\nmy ORDER?", tags=["orders"], split="tune"),
        question("Why?", reference="Your order is late.", split="holdout", origin="model"),
        question("How?", context={"facts": ["an order"]}, split="tune"),
        question("Else", split="tune"),
    )

    def found(**filters: Any) -> list[str]:  # noqa: ANN401  fields of a filter
        return [it.content.messages[0].content for it in cases_of(actor, made.id, **filters)]

    assert found(q="my  order") == ["Where is\nmy ORDER?"]
    assert found(q="order") == ["Where is\nmy ORDER?", "Why?", "How?"]
    assert found(q="messages") == []  # a name of a field, not a text
    assert found(q="user") == []  # a role
    assert found(tag="orders") == ["Where is\nmy ORDER?"]
    assert found(split="holdout") == found(origin="model") == ["Why?"]
    assert found(q="order", split="tune", tag="orders") == ["Where is\nmy ORDER?"]
    with transaction() as session:
        assert list_tags(session, made.id, actor=actor) == ["orders"]
        for words in (None, "order"):
            page = list_cases(session, made.id, CaseFilter(q=words), Window(1, 1), actor=actor)
            total = 4 if words is None else 3
            assert (len(page.items), page.total_count) == (1, total)


@pytest.mark.usefixtures("database")
def test_a_case_is_found_by_what_its_scorers_and_context_say_and_not_by_kinds_of_scorers() -> None:
    actor = person().actor
    contains = {"kind": "contains", "values": ["order number"]}
    scorers = [{"kind": "any", "scorers": [contains, {"kind": "judge", "rubric": "Is polite."}]}]
    made = dataset(
        actor,
        question("Where?", assertions=scorers),
        question("Why?", context={"role": "manager", "kind": "urgent"}),
    )

    def found(words: str) -> list[str]:
        return [it.content.messages[0].content for it in cases_of(actor, made.id, q=words)]

    assert [found(words) for words in ("user", "contains", "all", "any", "judge")] == [[]] * 5
    assert found("order number") == found("is polite") == ["Where?"]
    assert found("manager") == found("urgent") == ["Why?"]
