"""US dollars as decimal strings, as short as possible and never `1E-8`."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer


def decimal_text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


Usd = Annotated[Decimal, PlainSerializer(decimal_text, return_type=str, when_used="json")]
