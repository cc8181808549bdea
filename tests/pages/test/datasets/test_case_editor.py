"""The editor of a case keeps what it is not asked to change."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.schemas import CaseOrigin, CaseSplit, NewCase
from core.datasets.service import cases
from core.errors import Invalid
from core.platform.ids import new_id
from core.prompts.schemas import PromptVariable, VariableType
from core.scoring.schemas import ContainsScorer, JudgeScorer
from pages._ui import guard, state
from pages._ui.prompts import value_fields
from pages.test.datasets import case_editor, message_fields, scorer_fields
from pages.test.playground.sessions import details_dialog

ANY_SESSION: Any = SimpleNamespace(session_id=new_id(), name="")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keep the session state of a tab in a dictionary."""
    values: dict[str, Any] = {}
    monkeypatch.setattr(state, "put", values.__setitem__)
    monkeypatch.setattr(state, "get", values.get)
    return values


@pytest.mark.parametrize(
    "values", [("refund",), ("one", "two"), (" or ",), ("first\nsecond",), ("a\u2028b",), (" ",)]
)
def test_texts_that_an_answer_contains_are_read_as_they_were_filled_in(
    values: tuple[str, ...], kept: dict[str, Any]
) -> None:
    for scorer in (
        ContainsScorer(values=values),
        ContainsScorer(values=values, match="any", negate=True),
        JudgeScorer(rubric="It is friendly."),
    ):
        scorer_fields.fill([scorer])
        [read] = scorer_fields.read()
        assert type(scorer).model_validate(read) == scorer


DEEP = "[" * 100_000


def test_json_that_is_nested_too_deeply_is_refused_in_words(kept: dict[str, Any]) -> None:
    kept["value"] = kept[details_dialog.METADATA] = DEEP
    with pytest.raises(Invalid, match="not JSON"):
        value_fields.read(PromptVariable(name="items", type=VariableType.ARRAY), "value")
    with pytest.raises(Invalid, match="not JSON"):
        details_dialog.save(ANY_SESSION, [])


PAGE = """
from types import SimpleNamespace

from core.datasets.schemas import CaseContent, CaseMessage, CaseOrigin, CaseSplit
from core.platform.ids import new_id
from core.providers.schemas import MessageRole
from pages.test.datasets import case_editor

said = ((MessageRole.USER, "Where is my order?"), (MessageRole.TOOL, "On its way."))
content = CaseContent(
    messages=tuple(CaseMessage(role=role, content=text) for role, text in said),
    split=CaseSplit.TUNE,
    origin=CaseOrigin.HAND,
)
case = SimpleNamespace(content=content, conversation_id=None, id=new_id())
case_editor.open_edit(SimpleNamespace(id=new_id()), case)
"""


def test_a_message_of_a_tool_keeps_its_role() -> None:
    # The editor can't show the role, and saved it as one of the system
    app = AppTest.from_string(PAGE).run()
    assert not app.exception
    roles = [each.value for each in app.selectbox if each.label.startswith("Role")]
    assert roles == ["user", "tool"]


@pytest.mark.parametrize(
    ("conversation_id", "split"), [(None, CaseSplit.TUNE), (new_id(), None)], ids=["hand", "users"]
)
def test_a_case_without_a_chosen_split_gets_that_of_its_messages(
    conversation_id: UUID | None,
    split: CaseSplit | None,
    kept: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saved: list[NewCase] = []
    monkeypatch.setattr(guard, "work", lambda: nullcontext((None, None)))
    monkeypatch.setattr(state, "toast", lambda _: None)
    monkeypatch.setattr(
        cases, "change_case", lambda *given, added_in, actor: saved.append(given[3])
    )
    content = NewCase.model_validate({"messages": [{"role": "user", "content": "Where?"}]})
    case: Any = SimpleNamespace(
        id=new_id(),
        content=content,
        origin=CaseOrigin.HAND,
        conversation_id=conversation_id,
        added_in=1,
    )
    scorer_fields.fill(())
    kept[f"{message_fields.ROLE}.0"], kept[f"{message_fields.TEXT}.0"] = "user", "Where?"
    kept[case_editor.SPLIT] = CaseSplit.HOLDOUT
    case_editor.save(new_id(), case)
    kept[case_editor.SPLIT] = None
    case_editor.save(new_id(), case)
    assert [each.split for each in saved] == [CaseSplit.HOLDOUT, split]
