"""Messages about refused values name JSON's types, and never Python's."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from core.presentation.validation import message_of


def _refuse_x(text: str) -> str:
    if text == "x":
        raise ValueError("An x is not allowed.")
    return text


class Origin(StrEnum):
    HAND = "hand"
    MODEL = "model"
    IMPORT = "import"


class Exact(BaseModel):
    kind: Literal["exact"]


class Contains(BaseModel):
    kind: Literal["contains"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True),
        AfterValidator(_refuse_x),
        Field(min_length=1, max_length=3),
    ] = "a"
    columns: tuple[int, ...] = Field(default=(), max_length=2)
    scopes: frozenset[int] = Field(default=frozenset(), max_length=2)
    count: int = Field(default=1, ge=1)
    variables: dict[str, str] = {}
    exact: Exact | None = None
    origin: Literal[Origin.HAND, Origin.MODEL] = Origin.HAND
    scorer: Annotated[Exact | Contains, Field(discriminator="kind")] | None = None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": " "}, "String should have at least 1 character"),
        ({"name": "abcd"}, "String should have at most 3 characters"),
        ({"name": "x"}, "An x is not allowed."),
        ({"columns": [1, 2, 3]}, "List should have at most 2 items, not 3"),
        ({"columns": 1}, "Input should be a valid list"),
        ({"scopes": [1, 2, 3]}, "List should have at most 2 items, not more"),
        ({"scopes": 1}, "Input should be a valid list"),
        ({"scorer": {}}, "Field 'kind' required"),
        ({"scorer": {"kind": "x"}}, "Field 'kind' should be one of 'exact', 'contains'"),
        ({"labels": 1}, "Unknown field"),
        ([], "Input should be an object"),
        ({"variables": []}, "Input should be an object"),
        ({"exact": 1}, "Input should be an object"),
        ({"origin": "import"}, "Input should be 'hand' or 'model'"),
        ({"count": 0}, "Input should be greater than or equal to 1"),
    ],
)
def test_a_refused_value_is_explained_in_words_of_json(body: object, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Body.model_validate(body)
    assert message_of(refused.value.errors()[0]) == message
