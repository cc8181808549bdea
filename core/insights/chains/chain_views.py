"""The chain of an object, from an annotation to the effect of what it led to, on one line."""

from enum import StrEnum

from pydantic import ConfigDict

from core.identity.schemas import View


class ChainKind(StrEnum):
    """What a chain consists of, in its order; a dataset stands for a case that is not known."""

    ANNOTATION = "annotation"
    DATASET = "dataset"
    CASE = "case"
    VERSION = "version"
    EVALUATION = "evaluation"
    PROMOTION = "promotion"
    EFFECT = "effect"


class ChainLink(View):
    """One object of a chain, in words; `page` and `query` lead to it. `others` is how many more of
    its kind are at this place.
    """

    kind: ChainKind
    id: str
    words: str
    page: str
    query: dict[str, str]
    is_current: bool = False
    others: int = 0


class Chain(View):
    """The neighbours of an object in both directions, as far as the caller sees them."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "links": [
                    {
                        "kind": "version",
                        "id": "018f3b1c-7c00-7000-8000-000000000000",
                        "words": "support v7",
                        "page": "prompts",
                        "query": {"prompt": "018f3b1c-7c00-7000-8000-000000000001", "version": "7"},
                        "is_current": True,
                        "others": 0,
                    }
                ]
            }
        },
    )

    links: list[ChainLink]
