"""Optional fields of request bodies for which null means what leaving them out means."""

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator
from pydantic_core import PydanticUseDefault

Value = TypeVar("Value")


def _default_of_null(value: Any) -> Any:  # noqa: ANN401  nothing has validated it
    if value is None:
        raise PydanticUseDefault
    return value


# Many programs send null for what they leave out. The schema stays that of the value.
OrDefault = Annotated[Value, BeforeValidator(_default_of_null)]
