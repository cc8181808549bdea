"""Rules that add an answer to the review queue by its scores."""

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LONGEST_NAME = 200
LINE = re.compile(r"(?P<name>\S[^<>=]*)(?P<how>[<>=])(?P<limit>.+)")

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
# JSON, in which rules are stored, has neither infinity nor NaN
Limit = Annotated[float, Field(allow_inf_nan=False)]


class ScoreRule(BaseModel):
    """A score that is below or above a value, or has a label; bounds are exclusive."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"name": "helpfulness", "below": 0.5}}
    )

    name: Text
    below: Limit | None = None
    above: Limit | None = None
    label: Text | None = None

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if self.below is None and self.above is None and self.label is None:
            raise ValueError("A score rule needs below, above or label.")
        return self

    def __str__(self) -> str:
        """Return the rule as `of_line` reads it; one with several conditions has several lines."""
        parts = {"<": self.below, ">": self.above, "=": self.label}
        return "\n".join(
            f"{self.name} {how} {limit}" for how, limit in parts.items() if limit is not None
        )


def of_line(line: str) -> ScoreRule:
    """Return the rule of a line such as `helpfulness < 0.5`; raise ValueError."""
    found = LINE.fullmatch(line.strip())
    try:
        if found is None:
            raise ValueError
        # Trimmed here: spaces that a pattern may divide in two ways take minutes
        name, how, limit = map(str.strip, found.group("name", "how", "limit"))
        match how:
            case "<":
                return ScoreRule(name=name, below=float(limit))
            case ">":
                return ScoreRule(name=name, above=float(limit))
            case _:
                return ScoreRule(name=name, label=limit)
    except ValueError:
        raise ValueError(
            "Write score rules as “name < 0.5”, “name > 0.5” or “name = label”, not "
            f"“{line[:100]}”."
        ) from None
